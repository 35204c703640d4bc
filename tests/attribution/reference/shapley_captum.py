"""Shapley values and LIME of one post by Captum: the sampled references of test_perturbation.

python shapley_captum.py --model minilm-news6 --golden ../../../../shared/golden > shapley_captum.json   (captum 0.9.0, torch 2.15.0, transformers 5.23.0)

The post of 22 ids of golden/attributions.json, its pieces as features, an absent one has the word embedding of [PAD]; F = probability of the predicted class.
ShapleyValueSampling with 40 permutations; KernelShap with 3,000 samples; each ten times with its own seed: mean over the ten and its standard error.
"""
import argparse
import json
import pathlib
import statistics

import torch
from captum.attr import KernelShap, ShapleyValueSampling
from transformers import AutoModelForSequenceClassification

parser = argparse.ArgumentParser()
parser.add_argument("--model", required=True)
parser.add_argument("--golden", required=True)
args = parser.parse_args()
torch.set_num_threads(1)
model = AutoModelForSequenceClassification.from_pretrained(args.model, attn_implementation="eager").eval()
post = next(p for p in json.load(open(pathlib.Path(args.golden) / "attributions.json"))["items"] if len(p["ids"]) == 22)
ids = torch.tensor([post["ids"]])
target = post["explanations"][0]["target"]
inner = ids[:, 1:-1]


def forward(some):
    full = torch.cat([ids[:, :1].expand(some.shape[0], 1), some, ids[:, -1:].expand(some.shape[0], 1)], 1)
    with torch.no_grad():
        return model(input_ids=full, attention_mask=torch.ones_like(full)).logits.double().softmax(-1)[:, target]


def repeated(attribute, times=10):
    runs = []
    for seed in range(times):
        torch.manual_seed(seed)
        runs.append(attribute()[0].double().tolist())
    columns = list(zip(*runs))
    return {"scores": [statistics.fmean(c) for c in columns], "standard_error": [statistics.stdev(c) / times**0.5 for c in columns]}


out = {"path": post["path"], "ids": post["ids"], "target": target}
out["shapley"] = repeated(lambda: ShapleyValueSampling(forward).attribute(inner, baselines=0, n_samples=40, perturbations_per_eval=20))
out["kernel_shap"] = repeated(lambda: KernelShap(forward).attribute(inner, baselines=0, n_samples=3000, perturbations_per_eval=60))
print(json.dumps(out))
