"""What operators must know: checks of everything, the queue, the processes that work on it."""
