"""gevent's pywsgi as ours has it, for the peers whose pages are read."""

import os

import gevent.socket
from gevent.pywsgi import WSGIServer


def serve(app):
    listener = gevent.socket.socket()
    # pywsgi answers in two sends. With Nagle's algorithm the second waits 40 ms for an acknowledgement (159 reads a second,
    # at 6 % of a processor): that would be no measure of a peer.
    listener.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", int(os.environ["PORT"])))
    listener.listen(1024)
    WSGIServer(listener, app, log=None).serve_forever()
