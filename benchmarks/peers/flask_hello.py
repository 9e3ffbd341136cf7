"""The least that Flask can answer with, under the server that ours has (gevent's pywsgi, one process)."""

from flask import Flask
from pywsgi import serve

app = Flask(__name__)


@app.get("/")
def hello():
    return "Hello, world!"


serve(app)
