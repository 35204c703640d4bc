"""One training step: Telltale's bench_training and PyTorch (transformers' BERT, AdamW, clipping, dropout) in turn; then the contrastive step.

  python training_peer.py --bench build/release/bench/bench_training --model DIR [--rounds 3] [--steps 10] [--threads 2] [--precision fp32|bf16] [--device cpu|cuda] [--plain-only]

Needs torch and transformers. PyTorch runs in its usual way (attention "sdpa", fused AdamW where it has one, autocast for bf16), 16 posts of 128 ids.
Prints one JSON document: seconds a step of both, their ratio, the contrastive step as a multiple of the plain one, and its peak memory for
8 nodes and for m = 4, 8, 16, 32 in both passes.
"""
import argparse
import json
import subprocess
import time

import torch
from transformers import BertForSequenceClassification

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--bench", required=True)
p.add_argument("--model", required=True)
p.add_argument("--rounds", type=int, default=3)
p.add_argument("--steps", type=int, default=10)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--precision", default="fp32")
p.add_argument("--device", default="cpu")
p.add_argument("--plain-only", action="store_true")
a = p.parse_args()
torch.set_num_threads(a.threads)


def ours(*options):
    command = [a.bench, "--model", a.model, "--threads", str(a.threads), "--precision", a.precision, "--device", a.device, *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class PyTorch:
    def __init__(self, attention):
        self.model = BertForSequenceClassification.from_pretrained(a.model, dtype=torch.float32, attn_implementation=attention).train().to(a.device)
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
        torch.manual_seed(1)
        self.ids = torch.randint(2000, 22000, (16, 128))
        self.ids[:, 0], self.ids[:, -1] = 101, 102
        self.labels = torch.arange(16) % self.model.config.num_labels
        self.ids, self.labels = self.ids.to(a.device), self.labels.to(a.device)

    def step(self):
        begin = time.perf_counter()
        with torch.autocast(a.device, torch.bfloat16, enabled=a.precision == "bf16"):
            loss = self.model(input_ids=self.ids, labels=self.labels).loss
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        if a.device != "cpu":
            torch.cuda.synchronize()
        return time.perf_counter() - begin


peers = {name: PyTorch(name) for name in ("sdpa", "eager")}
for peer in peers.values():
    peer.step()
attention = min(peers, key=lambda n: min(peers[n].step() for _ in range(3)))
rounds = []
for _ in range(a.rounds):
    mine = ours("--mode", "plain", "--steps", str(a.steps))["seconds"]["best"]
    rounds.append((mine, min(peers[attention].step() for _ in range(a.steps))))
ratios = sorted(t / o for o, t in rounds)
out = {"benchmark": "training step against PyTorch", "torch": torch.__version__, "attention": attention, "precision": a.precision, "device": a.device, "telltale_seconds": min(o for o, _ in rounds),
       "pytorch_seconds": min(t for _, t in rounds), "speed_up": {"median": ratios[len(ratios) // 2], "all": ratios}}
if not a.plain_only:
    plain = min(o for o, _ in rounds)
    whole = ours("--mode", "contrastive", "--steps", "2", "--set", "attribution.steps=8", "--set", "attribution.gradient_steps=8")
    out["contrastive_over_plain"] = {"m": 8, "seconds": whole["seconds"]["best"], "multiple": whole["seconds"]["best"] / plain}
    backward = ours("--mode", "contrastive", "--steps", "2", "--second-order", "double-backward", "--set", "attribution.steps=8", "--set", "attribution.gradient_steps=8")
    out["double_backward_over_tangent"] = backward["seconds"]["best"] / whole["seconds"]["best"]
    default = ours("--mode", "contrastive", "--steps", "2")
    out["contrastive_preset_over_plain"] = default["seconds"]["best"] / plain
    out["peak_mib"] = {m: ours("--mode", "contrastive", "--steps", "1", "--set", f"attribution.steps={m}", "--set", f"attribution.gradient_steps={m}")["peak_mib"] for m in (4, 8, 16, 32)}
print(json.dumps(out, indent=1))
