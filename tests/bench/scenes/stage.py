"""Everything that runs for one scene: the provider, the subjects, and the load."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.bench.loads.generator import Generator
from tests.bench.scenes.trial import Unanswered, tried
from tests.bench.subjects import litellm, portkey
from tests.bench.subjects.echo import start_echo
from tests.bench.subjects.envoy import start_envoy
from tests.bench.subjects.subject import Subject
from tests.bench.subjects.tollway import Tollway
from tests.bench.upstreams.nginx import start_nginx
from tests.bench.upstreams.paced import start_paced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.scenes.scene import Scene


class Stage(NamedTuple):
    """The subjects in the order of their turns, the provider itself first, and who drives them."""

    scene: Scene
    subjects: list[Subject]
    generator: Generator


@contextmanager
def stage(folder: Path, scene: Scene, *, peers: bool = True) -> Iterator[Stage]:
    """Starts it all in an empty folder, and asks each subject once. Without `peers`, of others Envoy alone."""
    with ExitStack() as stack:
        port, process = start_provider(stack, folder, scene)
        subjects = [Subject("direct", scene.of_provider(port), (process,))]
        subjects.append(start_envoy(stack, folder / "envoy", scene, port))
        if peers:
            subjects += _peers(stack, folder, scene, port)
        subjects += Tollway(stack, folder / "tollway").subjects(scene, f"http://127.0.0.1:{port}")
        if scene.way.grpc:
            subjects.append(start_echo(stack, scene, like=subjects[-1]))
            lean = Tollway(stack, folder / "lean", TOLLWAY_PROXY_GRPC_LISTENER="lean")
            subjects.append(lean.subject(scene, f"http://127.0.0.1:{port}", "strict")._replace(name="lean"))
        generator = Generator(folder)
        yield Stage(scene, [each._replace(request=tried(each.request)) for each in subjects], generator)


def _peers(stack: ExitStack, folder: Path, scene: Scene, port: int) -> Iterator[Subject]:
    """Those of others that are installed and answer as they should, for what they all do."""
    if scene.way_name != "openai":
        return
    found = list(litellm.start_litellm(stack, folder / "litellm", scene, port)) if litellm.PROGRAM.exists() else []
    found += [portkey.start_portkey(stack, scene, port)] if portkey.SERVER.exists() else []
    for subject in found:
        try:
            tried(subject.request)
        except Unanswered as error:
            print(f"  {subject.name} is left out: {error}")
        else:
            yield subject


def start_provider(stack: ExitStack, folder: Path, scene: Scene) -> tuple[int, int]:
    """The port and the process of the scene's provider."""
    if scene.shape == "paced":
        return start_paced(stack, folder / "paced", scene.way.provider)
    return start_nginx(stack, folder / "nginx", streamed=scene.streamed)
