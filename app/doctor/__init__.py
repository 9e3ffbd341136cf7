"""`flask --app wsgi doctor`: looks at everything an instance stands on, and says what is wrong and what to do."""
