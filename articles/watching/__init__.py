"""Monitoring for operators: checks, the queue, and metrics."""
