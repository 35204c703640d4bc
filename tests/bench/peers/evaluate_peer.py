"""The evaluation of five methods by six measures: `telltale evaluate` and ferret (with Captum where ferret has no such measure), in turn, same model,
posts, methods, samples, threads; scores compared.

  python evaluate_peer.py --telltale build/release/app/telltale --model DIR --data 20news-bydate.tar.gz [--posts 200] [--threads 2] [--precision fp32 --precision auto]

Needs ferret-xai (its versions of captum, lime, transformers come with it). Posts: test posts of the model's classes, as in the archive, an equal number of each
class, headers and all, cut to 128 ids. Units are pieces on both sides, as ferret has no words; pieces are deleted, as ferret does it: it decodes what is left
and reads it anew, so that a lone `##ing` becomes other pieces; the values differ by that.

Methods: Integrated Gradients (50 Gauss-Legendre nodes, [PAD] baseline), gradient x input, saliency (mean), leave-one-out (ferret's own), LIME (512 samples, hidden
pieces become [MASK] here, the [PAD] embedding there). Measures: ferret's AOPC comprehensiveness and sufficiency (bins of 10 %), both at 20 % of the pieces, Kendall's
tau with leave-one-out; Captum's infidelity (64 subsets, hidden pieces become [PAD]). Integrated Gradients and gradients explain the probability on both sides.
Batches: ferret's own, of 8, or of --batch where that is faster. Prints one JSON document.
"""
import argparse
import json
import math
import os
import subprocess
import tarfile
import tempfile
import time
import warnings

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from captum.metrics import infidelity
from ferret.evaluators import utils_from_soft_to_discrete
from ferret.evaluators.faithfulness_measures import AOPC_Comprehensiveness_Evaluation, AOPC_Sufficiency_Evaluation, TauLOO_Evaluation
from ferret.explainers.explanation import Explanation
from ferret.explainers.lime import LIMEExplainer
from ferret.model_utils import ModelHelper
from transformers import AutoModelForSequenceClassification, AutoTokenizer

warnings.filterwarnings("ignore")
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--telltale", required=True)
p.add_argument("--model", required=True)
p.add_argument("--data", required=True)
p.add_argument("--posts", type=int, default=200)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--length", type=int, default=128)
p.add_argument("--batch", type=int, default=8)
p.add_argument("--nodes", type=int, default=50)
p.add_argument("--samples", type=int, default=512)
p.add_argument("--precision", action="append")
p.add_argument("--ours-only", action="store_true")
a = p.parse_args()
torch.set_num_threads(a.threads)

# ferret 0.4.2 compares an array with [] here, which numpy refuses when scores of both signs count (only_pos off).
utils_from_soft_to_discrete._get_id_tokens_top_k = lambda scores, k, only_pos=None: np.argsort(-np.asarray(scores), kind="stable")[:k].tolist()

METHODS = ["integrated-gradients", "gradient-x-input", "saliency-mean", "occlusion", "lime"]
MEASURES = ["aopc-comprehensiveness", "aopc-sufficiency", "comprehensiveness", "sufficiency", "tau-loo", "infidelity"]

tokenizer = AutoTokenizer.from_pretrained(a.model, model_max_length=a.length)
model = AutoModelForSequenceClassification.from_pretrained(a.model, dtype=torch.float32).eval().requires_grad_(False)
labels = list(model.config.id2label.values())


def read_posts():
    found = {label: [] for label in labels}
    each = math.ceil(a.posts / len(labels))
    with tarfile.open(a.data) as archive:
        for member in archive:
            parts = member.name.split("/")
            if member.isfile() and len(parts) >= 3 and "test" in parts[-3] and parts[-2] in found and len(found[parts[-2]]) < each:
                text = archive.extractfile(member).read().decode("latin-1")
                if text.strip():
                    found[parts[-2]].append({"id": f"{parts[-2]}/{parts[-1]}", "text": text, "label": parts[-2]})
    return [q for group in zip(*found.values()) for q in group][: a.posts]


posts = read_posts()


class Helper(ModelHelper):
    """ferret's, with the batch that was asked for."""

    def _forward(self, text, batch_size=None, **more):
        return super()._forward(text, batch_size=a.batch, **more)


helper = Helper(model, tokenizer)
lime = LIMEExplainer(model, tokenizer)
evaluators = {"aopc-comprehensiveness": AOPC_Comprehensiveness_Evaluation(model, tokenizer), "aopc-sufficiency": AOPC_Sufficiency_Evaluation(model, tokenizer),
              "tau-loo": TauLOO_Evaluation(model, tokenizer)}
for one in [lime, *evaluators.values()]:
    one.helper = helper
table = model.get_input_embeddings().weight


def explain(text, target):
    ids = tokenizer(text, return_tensors="pt", truncation=True)["input_ids"]
    base = torch.full_like(ids, tokenizer.pad_token_id)
    base[:, 0], base[:, -1] = ids[:, 0], ids[:, -1]
    x, b = table[ids], table[base]

    def forward(e):
        return model(inputs_embeds=e).logits.softmax(-1)

    loo = evaluators["tau-loo"].compute_leave_one_out_occlusion(text, target=target)
    scores = {
        "integrated-gradients": IntegratedGradients(forward).attribute(x, b, target=target, n_steps=a.nodes, internal_batch_size=max(a.batch, 1))[0].sum(-1).numpy(),
        "gradient-x-input": InputXGradient(forward).attribute(x.clone().requires_grad_(), target=target)[0].sum(-1).detach().numpy(),
        "saliency-mean": Saliency(forward).attribute(x.clone().requires_grad_(), target=target)[0].mean(-1).detach().numpy(),
        "occlusion": np.concatenate([[0.0], -loo.numpy(), [0.0]]),
        "lime": lime(text, target, call_args={"num_samples": a.samples, "batch_size": a.batch}).scores,
    }
    return ids, x, b, scores


def measure(text, target, ids, x, b, scores):
    n = ids.shape[1] - 2
    explanation = Explanation(text, tokenizer.convert_ids_to_tokens(ids[0]), scores, "", target)
    out = {}
    for name, shares in (("aopc-", [k / 10 for k in range(1, 11)]), ("", [0.2])):
        ks = [min(n, max(1, math.ceil(s * n - 1e-9))) for s in shares]
        for kind in ("comprehensiveness", "sufficiency"):
            args = {"removal_args": {"remove_tokens": True, "based_on": "k", "thresholds": ks}, "only_pos": False}
            out[name + kind] = float(evaluators["aopc-" + kind].compute_evaluation(explanation, target, **args).score)
    out["tau-loo"] = float(evaluators["tau-loo"].compute_evaluation(explanation, target).score)
    here = torch.ones(1, n)

    def forward(z):
        z = torch.cat([torch.ones(len(z), 1), z, torch.ones(len(z), 1)], 1).unsqueeze(-1)
        with torch.no_grad():
            return model(inputs_embeds=z * x + (1 - z) * b).logits.softmax(-1)

    def perturb(z):
        gone = (torch.rand_like(z) < 0.5).float()
        return gone, z - gone

    given = torch.tensor(np.asarray(scores[1:-1]), dtype=torch.float32).unsqueeze(0)
    out["infidelity"] = float(infidelity(forward, perturb, here, given, target=target, n_perturb_samples=64, max_examples_per_batch=max(a.batch, 1)))
    return out


def theirs(some):
    torch.manual_seed(0)
    np.random.seed(0)
    begin = time.perf_counter()
    values = {}
    for q in some:
        with torch.no_grad():
            target = int(helper._forward(q["text"], output_hidden_states=False)[1].argmax())
        ids, x, b, scores = explain(q["text"], target)
        for m in METHODS:
            for k, v in measure(q["text"], target, ids, x, b, scores[m]).items():
                values[q["id"], m, k] = v
    return time.perf_counter() - begin, values


def ours(some, precision):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "posts.jsonl")
        with open(file, "w") as f:
            for q in some:
                f.write(json.dumps(q) + "\n")
        command = [a.telltale, "evaluate", "--model", a.model, "--input", file, "--methods", ",".join(METHODS), "--metrics", ",".join(MEASURES), "--unit", "piece",
                   "--steps", str(a.nodes), "--max-length", str(a.length), "--threads", str(a.threads), "--precision", precision, "--per-post", "--json"]
        begin = time.perf_counter()
        document = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return time.perf_counter() - begin, {(r["id"], r["method"], r["metric"]): r["value"] for r in document["posts"]}, document["protocol"]["compute"]


def compare(x, y):
    """Of each measure: means of both sides, mean difference, correlation over posts and methods."""
    out = {}
    for k in MEASURES:
        pairs = [(x[key], y[key]) for key in x if key[2] == k and key in y and x[key] is not None and y[key] is not None and not math.isnan(y[key])]
        u, v = np.array(pairs).T
        out[k] = {"telltale": float(u.mean()), "peer": float(v.mean()), "mean_absolute_difference": float(np.abs(u - v).mean()), "correlation": float(np.corrcoef(u, v)[0, 1]), "values": len(pairs)}
    return out


result = {"benchmark": "evaluate against ferret and Captum", "torch": torch.__version__, "threads": a.threads, "posts": len(posts), "ids_per_post": float(np.mean([len(tokenizer(q["text"], truncation=True)["input_ids"]) for q in posts])),
          "methods": METHODS, "measures": MEASURES, "peer_batch": a.batch}
if not a.ours_only:
    for _ in range(3):  # warmed up
        helper._forward([posts[0]["text"]] * a.batch, output_hidden_states=False)
    seconds, peer_values = theirs(posts)
    result["peer_seconds"] = seconds
for precision in a.precision or ["fp32"]:
    own, values, compute = ours(posts, precision)
    result[precision] = {"seconds": own, "compute": compute}
    if not a.ours_only:
        result[precision] |= {"speed_up": seconds / own, "scores": compare(values, peer_values)}
print(json.dumps(result, indent=1))
