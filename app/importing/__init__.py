"""What exists already comes in: administrations, online services, people and the pages of an older portal."""
