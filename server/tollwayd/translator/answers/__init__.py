"""What goes out: answers, errors, streams, compression."""
