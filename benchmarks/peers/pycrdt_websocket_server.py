"""pycrdt-websocket with its SQLite store, as its documentation puts them together, under uvicorn without deflate."""

import os

import anyio
import uvicorn
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom


class Store(SQLiteYStore):
    db_path = os.path.join(os.environ["FOLDER"], "ystore.sqlite")


class Rooms(WebsocketServer):
    """Rooms that are loaded from the store before anybody is served, and written to it from then on."""

    async def get_room(self, name):
        if name not in self.rooms:
            store = Store(path=name.strip("/"))
            self.rooms[name] = room = YRoom(ready=False, ystore=store)
            await self._task_group.start(store.start)
            try:
                await store.apply_updates(room.ydoc)
            except YDocNotFound:
                pass
            room.ready = True
        room = self.rooms[name]
        while not room.ready:
            await anyio.sleep(0.001)
        await self.start_room(room)
        return room


async def main():
    async with Rooms() as rooms:
        settings = uvicorn.Config(
            ASGIServer(rooms),
            port=int(os.environ["PORT"]),
            ws_per_message_deflate=False,
            log_level="warning",
        )
        await uvicorn.Server(settings).serve()


anyio.run(main, backend_options={"use_uvloop": True})
