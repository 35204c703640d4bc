"""LIME coefficients by Captum's LimeBase for given samples: the reference of test_perturbation.

python lime_captum.py > lime_captum.json      (captum 0.9.0, torch 2.15.0, scikit-learn 1.9.1)

Captum is handed the coalitions one by one, the kernel of Ribeiro et al. for text (cosine distance, width 0.25) and scikit-learn's ridge of 1.
"""
import json
import math
import random

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LimeBase

N, SAMPLES = 5, 60


def worth(z):
    return 0.3 + 0.5 * z[0] - 0.2 * z[1] + 0.4 * z[0] * z[2] + 0.1 * z[3] - 0.3 * z[1] * z[2] * z[4]


def kernel(original, perturbed, interpretable, **kwargs):
    distance = 1 - math.sqrt(float(interpretable.sum()) / N)
    return torch.tensor(math.sqrt(math.exp(-distance**2 / 0.25**2)), dtype=torch.float64)


def draws(x, **kwargs):
    for row in rows:
        yield torch.tensor([row], dtype=torch.float64)


rng = random.Random(7)
rows = [[1] * N]
while len(rows) < SAMPLES:
    hidden = rng.sample(range(N), rng.randint(1, N))
    rows.append([0 if i in hidden else 1 for i in range(N)])

cases = []
for ridge in (1.0, 0.01):
    lime = LimeBase(
        lambda z: torch.tensor([worth(z[0].tolist())], dtype=torch.float64),
        SkLearnRidge(alpha=ridge),
        kernel,
        draws,
        True,
        lambda z, x, **kwargs: z,
        None,
    )
    scores = lime.attribute(torch.ones(1, N, dtype=torch.float64), n_samples=SAMPLES)
    cases.append({"ridge": ridge, "coefficients": scores[0].tolist()})
print(json.dumps({"rows": rows, "values": [worth(r) for r in rows], "kernel_width": 0.25, "cases": cases}, indent=1))
