#!/usr/bin/env python3
"""The peer of bench_tokenizer: Hugging Face's tokenizers (Rust) over the same posts, on one thread.

  pip install tokenizers
  python tokenizers_peer.py 20news-bydate.tar.gz MODEL_FOLDER [--runs N]

Times both ways of calling it, one text a call and all in one batch; "best_seconds" is the better one.
"""
import argparse
import json
import os
import statistics
import tarfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import tokenizers  # noqa: E402  (after the environment that it reads)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("archive")
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=3)
    a = parser.parse_args()
    with tarfile.open(a.archive) as tar:
        posts = [tar.extractfile(m).read().decode("latin-1") for m in tar if m.isfile()]
    start = time.perf_counter()
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(a.model, "tokenizer.json"))
    load = time.perf_counter() - start
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def one_by_one():
        return sum(len(tokenizer.encode(p).ids) for p in posts)

    def batch():
        return sum(len(e.ids) for e in tokenizer.encode_batch(posts))

    def batch_fast():  # without offsets
        return sum(len(e.ids) for e in tokenizer.encode_batch_fast(posts))

    times, cpu, ids = {}, [], 0
    for name, call in [("encode", one_by_one), ("encode_batch", batch), ("encode_batch_fast", batch_fast)]:
        times[name] = []
        for _ in range(a.runs):
            start, cpu_start = time.perf_counter(), time.process_time()
            ids = call()
            times[name].append(time.perf_counter() - start)
            cpu.append(time.process_time() - cpu_start)
    size = sum(len(p.encode()) for p in posts)
    best = min(min(t) for t in times.values())
    print(json.dumps({"benchmark": "tokenizer", "peer": f"tokenizers {tokenizers.__version__}", "posts": len(posts), "bytes": size, "ids": ids, "threads": 1,
                      "load_seconds": load, "seconds": times, "best_seconds": best,
                      "median_seconds": min(statistics.median(t) for t in times.values()),
                      "best_cpu_seconds": min(cpu), "posts_per_second": len(posts) / best, "megabytes_per_second": size / best / 1e6}, indent=2))


if __name__ == "__main__":
    main()
