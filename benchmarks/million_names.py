"""Time and memory for the names of a million images: nothing but names is looked at, and no file is opened.

    python benchmarks/million_names.py [names] [--assert]

`folder`: a folder of 1,000 class folders, listed, counted by class and divided as a training divides it. `table`: a CSV
of the same images. `bucket`: a server of S3's protocol on loopback that lists them. Each is done in a process of its
own, which prints its duration and the peak of its memory. Limits: 2 minutes and 1 GB.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SECONDS, BYTES = 120, 1_000_000_000
CLASSES, PAGE = 1000, 1000


def name_of(number):
    return f"class-{number % CLASSES:04d}/image-{number // CLASSES:06d}.jpg"


def make(root, count):
    """Empty files in class folders, and a table that names them."""
    for number in range(CLASSES):
        (root / "photos" / f"class-{number:04d}").mkdir(parents=True)
    with (root / "photos.csv").open("w", encoding="utf-8") as table:
        table.write("path,label\n")
        for number in range(count):
            name = name_of(number)
            os.close(os.open(root / "photos" / name, os.O_CREAT | os.O_WRONLY))
            table.write(f"photos/{name},{name.partition('/')[0]}\n")


def divided(source):
    """The sizes of the splits and the classes of a source, as a training divides them."""
    from cnncli.runner.inputs.splits import load_splits
    from cnncli.spec import load

    model = {"layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]}
    data = {"source": source, "image": {"size": 64}, "split": {"validation": 0.1, "test": 0.1}}
    spec = load({"data": data, "model": model}).spec
    splits = load_splits(spec.data, spec.seed)
    return sum(map(len, splits.samples.values())), len(splits.class_names)


def of_folder(root):
    return divided({"folder": {"path": str(root / "photos")}})


def of_table(root):
    return divided({"table": {"path": str(root / "photos.csv")}})


def of_bucket(root):
    from cnncli.data.remote.address import open_remote

    objects, path = open_remote("s3://bucket/photos")
    listed = objects.listed(path)
    return len(listed), len({name.partition("/")[0] for name in listed})


CASES = {"folder": of_folder, "table": of_table, "bucket": of_bucket}


class Bucket(ThreadingHTTPServer):
    """Lists objects, and does nothing else."""

    def __init__(self, count):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked = parse_qs(urlsplit(self.path).query)
                first = int(asked.get("continuation-token", ["0"])[0])
                numbers = range(first, min(first + PAGE, count))
                entries = "".join(
                    f"<Contents><Key>photos/{name_of(number)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
                    f"<ETag>&quot;{number:032x}&quot;</ETag><Size>12345</Size></Contents>"
                    for number in numbers
                )
                more = first + PAGE < count
                token = f"<NextContinuationToken>{first + PAGE}</NextContinuationToken>" if more else ""
                text = (
                    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>bucket</Name><EncodingType>url'
                    f"</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/xml")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *words):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


def serve(count):
    with Bucket(count) as server:
        print(server.server_address[1], flush=True)
        sys.stdin.read()


def one(case, root):
    """Does one case in this process and prints what it took."""
    began = time.perf_counter()
    images, classes = CASES[case](Path(root))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "images": images, "classes": classes}))


def measured(case, root, environment):
    command = [sys.executable, __file__, "--one", case, str(root)]
    answer = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def main(count, strict):
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    passed = True
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        make(Path(folder), count)
        command = [sys.executable, __file__, "--serve", str(count)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word", "AWS_DEFAULT_REGION": "us-east-1"}
            keys["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            for case in CASES:
                took = measured(case, folder, keys)
                assert took["images"] == count
                print(f"{case:7} {took['seconds']:6.1f} s  {took['peak'] / 1e6:6.0f} MB  {took['classes']:,} classes")
                passed &= took["seconds"] <= SECONDS and took["peak"] <= BYTES
            server.stdin.close()
    return int(strict and not passed)


if __name__ == "__main__":
    if "--one" in sys.argv:
        one(*sys.argv[-2:])
    elif "--serve" in sys.argv:
        serve(int(sys.argv[-1]))
    else:
        numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
        sys.exit(main(numbers[0] if numbers else 1_000_000, "--assert" in sys.argv))
