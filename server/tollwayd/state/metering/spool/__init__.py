"""The spool: settlements that wait on this machine's disk for the store to come back."""

from tollwayd.state.metering.spool.spool import Spool

__all__ = ["Spool"]
