#!/bin/sh
# Runs a server, "$@", for as long as whoever started this script lives and wants it.
#
# Standard input is a pipe whose other end the gateway holds and never writes to. When the gateway closes it, or dies
# in whatever way, the pipe ends, and the server is told to stop as an operator would tell it: it saves and exits.
# This needs no more than POSIX; Linux's PR_SET_PDEATHSIG would need code between fork and exec, unsafe with threads.
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{
  read -r _ <&3
  kill -TERM "$server"
} >/dev/null 2>&1 &
guard=$!
wait "$server"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
