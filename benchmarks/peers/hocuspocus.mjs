// Hocuspocus with its SQLite extension, otherwise as it comes; FLUSH_DELAY sets `flushDelay` (default there: 0 ms).
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'

const { FLUSH_DELAY, FOLDER, PORT } = process.env
const server = new Server({
  address: '127.0.0.1',
  port: Number(PORT),
  quiet: true,
  ...(FLUSH_DELAY === undefined ? {} : { flushDelay: Number(FLUSH_DELAY) }),
  extensions: [new SQLite({ database: `${FOLDER}/hocuspocus.sqlite` })],
})
await server.listen()
