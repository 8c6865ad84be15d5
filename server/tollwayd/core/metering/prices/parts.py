"""What of a call's usage may have a price of its own within a class of tokens, or beside all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tollway.proxy.v1.inference_pb2 import Usage
    from tollwayd.core.metering.prices.tariff import Rates


class Parts(NamedTuple):
    """Tokens of `Counts.input`, `cache_read` and `output` that are of sounds and of pictures, and searches of the web
    that the provider ran. Where something may have a price: what `PartRates` has in its place."""

    input_audio: int = 0
    input_image: int = 0
    cache_read_audio: int = 0
    cache_read_image: int = 0
    output_audio: int = 0
    output_image: int = 0
    web_searches: int = 0

    @classmethod
    def of(cls, usage: Usage) -> Parts | None:
        """Those of a usage; None where it has none."""
        if not usage.HasField("parts"):
            return None
        parts = usage.parts
        return cls(
            parts.input_audio_tokens,
            parts.input_image_tokens,
            parts.cache_read_audio_tokens,
            parts.cache_read_image_tokens,
            parts.output_audio_tokens,
            parts.output_image_tokens,
            parts.web_searches,
        )


class PartRates(NamedTuple):
    """Nano-units for 1,000,000 tokens of each of `Parts`, in its order, and for 1,000,000 searches. Tokens without a
    rate cost what their class does, searches nothing."""

    input_audio: int | None = None
    input_image: int | None = None
    cache_read_audio: int | None = None
    cache_read_image: int | None = None
    output_audio: int | None = None
    output_image: int | None = None
    web_searches: int | None = None

    @property
    def of_media(self) -> bool:
        """Whether any of them is of sounds or pictures."""
        return any(rate is not None for rate in self[:-1])

    def beyond(self, rates: Rates, parts: Parts) -> int:
        """What the parts cost beyond what they do as tokens of their classes, in nano-units for 1,000,000."""
        places = zip(parts, self, _classes(rates), strict=True)
        return sum(count * (own - of_class) for count, own, of_class in places if own is not None)

    def within(self, rates: Rates, *, media: bool) -> Rates:
        """Rates that are below none of these in the classes that they are of. Without `media` there are no sounds, nor
        pictures in the input."""
        seen = (self.input_audio, self.input_image, self.cache_read_audio, self.cache_read_image) if media else ()
        made = (self.output_audio, self.output_image) if media else (self.output_image,)
        return rates._replace(input=_dearest(rates.input, seen), output=_dearest(rates.output, made))


NO_RATES = PartRates()


def highest_parts(every: Sequence[tuple[Rates, PartRates]]) -> PartRates:
    """Of each part the dearest price of these; what none has a rate for has none."""
    columns = zip(*(zip(own, _classes(rates), strict=True) for rates, own in every), strict=True)
    return PartRates(*map(_dearest_of, columns))


def _dearest_of(column: Sequence[tuple[int | None, int]]) -> int | None:
    if all(own is None for own, _ in column):
        return None
    return max(of_class if own is None else own for own, of_class in column)


def _dearest(of_class: int, own: Sequence[int | None]) -> int:
    return max(of_class, *(rate for rate in own if rate is not None), 0)


def _classes(rates: Rates) -> Sequence[int]:
    return rates.input, rates.input, rates.cache_read, rates.cache_read, rates.output, rates.output, 0
