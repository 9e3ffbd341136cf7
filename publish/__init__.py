"""The public side: editions, addresses, pages, search, feeds and open data. A stranger to `realtime`."""
