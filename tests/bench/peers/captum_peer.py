"""Integrated Gradients: Telltale's bench_ig and Captum on the current torch wheel, in turn, same posts, threads, steps and rule; scores compared.

  python captum_peer.py --bench build/release/bin/bench_ig --model DIR --posts attributions.json|forward.json [--limit 24] [--steps 50] [--threads 2] [--rounds 3] [--precision fp32]
  python captum_peer.py … --equal-accuracy      the steps that Captum needs for a relative delta of at most 1 % on every post, against --tolerance 0.01

Needs torch, transformers, captum, numpy. Every post at its true length, one at a time, gradients in the word embeddings; Captum's internal_batch_size is tried
at several values and the fastest is taken. Prints one JSON document.
"""
import argparse
import json
import os
import subprocess
import tempfile
import time

import torch
from captum.attr import IntegratedGradients
from transformers import BertForSequenceClassification

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--bench", required=True)
p.add_argument("--model", required=True)
p.add_argument("--posts", required=True)
p.add_argument("--limit", type=int, default=24)
p.add_argument("--steps", type=int, default=50)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--precision", default="fp32")
p.add_argument("--equal-accuracy", action="store_true")
a = p.parse_args()
torch.set_num_threads(a.threads)

model = BertForSequenceClassification.from_pretrained(a.model, dtype=torch.float32, attn_implementation="eager").eval().requires_grad_(False)
table = model.bert.embeddings.word_embeddings.weight
# forward.json holds no explanations: the predicted class. Posts without a word are left out, as bench_ig leaves them out.
posts = [(i["ids"], i["explanations"][0]["target"] if "explanations" in i else i["predicted"]) for i in json.load(open(a.posts))["items"] if len(i["ids"]) > 2][: a.limit]


def ends(ids):
    ids = torch.tensor([ids])
    base = torch.where((ids == 101) | (ids == 102), ids, torch.zeros_like(ids))
    return table[ids], table[base]


def forward(e):
    return model(inputs_embeds=e).logits.softmax(-1)


ig = IntegratedGradients(forward)


def explain(post, steps, batch):
    ids, target = post
    x, b = ends(ids)
    rows = max(1, min(steps, batch // len(ids)))
    scores, delta = ig.attribute(x, b, target=target, n_steps=steps, method="gausslegendre", internal_batch_size=rows, return_convergence_delta=True)
    with torch.no_grad():
        change = (forward(x) - forward(b))[0, target].abs().clamp(min=1e-3)
    return scores.sum(-1)[0].tolist(), float(delta.abs() / change)


def run(steps, batch, which=None):
    begin = time.perf_counter()
    found = [explain(q, steps, batch) for q in (which or posts)]
    return time.perf_counter() - begin, found


best_batch = min((512, 1024, 2048, 4096), key=lambda b: run(a.steps, b, posts[:12])[0])
steps = a.steps
if a.equal_accuracy:
    while max(d for _, d in run(steps, best_batch)[1]) > 0.01 and steps < 1600:
        steps *= 2
ours, theirs = [], []
with tempfile.TemporaryDirectory() as folder:
    file = os.path.join(folder, "scores.json")
    for _ in range(a.rounds):
        command = [a.bench, "--model", a.model, "--posts", a.posts, "--limit", str(a.limit), "--threads", str(a.threads), "--precision", a.precision, "--repeat", "1", "--scores", file]
        command += ["--tolerance", "0.01"] if a.equal_accuracy else ["--steps", str(a.steps)]
        ours.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        theirs.append(run(steps, best_batch))
    scores = json.load(open(file))
error = max(max(abs(x - y) for x, y in zip(s, t)) / max(abs(y) for y in t) for s, (t, _) in zip(scores, theirs[-1][1]))
ratios = sorted(t[0] / o["seconds"]["best"] for o, t in zip(ours, theirs))
print(json.dumps({
    "benchmark": "integrated-gradients against Captum", "torch": torch.__version__, "precision": a.precision, "posts": len(posts), "mean_ids": sum(len(i) for i, _ in posts) / len(posts),
    "steps": {"telltale": "tolerance 0.01" if a.equal_accuracy else a.steps, "captum": steps}, "captum_rows_per_batch": best_batch,
    "captum_posts_per_second": len(posts) / min(t[0] for t in theirs), "captum_worst_relative_delta": max(d for _, d in theirs[-1][1]),
    "telltale_posts_per_second": max(o["posts_per_second"]["best"] for o in ours), "telltale_worst_relative_delta": ours[-1]["worst_relative_delta"],
    "telltale_share_of_peak": [o.get("share_of_peak") for o in ours], "telltale_share_of_sustained_peak": [o.get("share_of_sustained_peak") for o in ours], "speed_up": {"median": ratios[len(ratios) // 2], "all": ratios},
    "largest_difference_of_scores": error}, indent=1))
