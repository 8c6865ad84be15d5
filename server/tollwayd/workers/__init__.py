"""Several processes that serve as one: a supervisor that starts them, and what each of them has with it."""
