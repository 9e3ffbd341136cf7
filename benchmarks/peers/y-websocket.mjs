// @y/websocket-server as its own bin starts it; YPERSISTENCE names a folder for y-leveldb, or is absent.
process.env.HOST = '127.0.0.1'
await import('./node_modules/@y/websocket-server/src/server.js')
