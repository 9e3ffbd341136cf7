"""The table: live co-writing over Socket.IO. A stranger to `publish`; what it stores, it stores through `drafts`."""
