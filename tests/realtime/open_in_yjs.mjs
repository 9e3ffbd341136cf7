// Opens documents with the real yjs, as a browser would: one base64 state per line in, their words as JSON out.
import { createInterface } from 'node:readline'
import * as Y from 'yjs'

for await (const line of createInterface({ input: process.stdin })) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Buffer.from(line, 'base64'))
  const pending = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  console.log(JSON.stringify({ xml: doc.getXmlFragment('content').toString(), pending }))
}
