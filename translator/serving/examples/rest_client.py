"""Translates the lines of standard input with TensorFlow Serving, many at the same time.

    python rest_client.py http://localhost:8501/v1/models/translator < in.txt > out.txt

The server computes calls of the signature ``batched`` that arrive at the same time as one batch.
"""

import json
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def translate(line: str) -> str:
    """Translates one line with one call, in the column format of TensorFlow Serving's REST interface."""
    body = json.dumps({"signature_name": "batched", "inputs": {"text": [line]}}).encode()
    request = urllib.request.Request(f"{sys.argv[1]}:predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        translation: str = json.load(answer)["outputs"]["translation"][0]
    return translation


with ThreadPoolExecutor(16) as pool:
    for translation in pool.map(translate, (line.rstrip("\n") for line in sys.stdin)):
        print(translation)
