"""The partner directory: administrations, their counters, and the online services they own."""
