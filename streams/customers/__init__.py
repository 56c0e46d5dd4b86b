"""The customer engine's service: consumer, alignment by time, evaluation, flush, recovery, timers and lease."""
