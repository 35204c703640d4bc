#!/usr/bin/env python3
"""Reference scores for tiny-bert that golden/attributions-tiny.json does not hold, from transformers, captum and networkx, in float64.

    python make_reference.py --shared ../../../../shared --out .

Each section writes one small JSON file {"versions": …, "items": [{"text", "ids", "target", …}]}; a list of scores has one entry per id.
Paths through words are written out here a second time, straight from the papers, with loops instead of matrix products.
"""
import argparse, json, pathlib
import captum, networkx, numpy as np, torch, transformers
from transformers import AutoTokenizer, BertForSequenceClassification

VERSIONS = {"torch": torch.__version__, "transformers": transformers.__version__, "captum": captum.__version__, "networkx": networkx.__version__}


class Model:
    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.bert = BertForSequenceClassification.from_pretrained(folder, attn_implementation="eager").double().eval()
        for p in self.bert.parameters():
            p.requires_grad_(False)
        self.table = self.bert.bert.embeddings.word_embeddings.weight.detach()
        self.special = {self.tokenizer.cls_token_id, self.tokenizer.sep_token_id, self.tokenizer.pad_token_id}

    def logits(self, words):
        return self.bert(inputs_embeds=words, attention_mask=torch.ones(words.shape[:2], dtype=torch.long)).logits

    def f(self, words, target):  # probability
        return torch.softmax(self.logits(words), -1)[:, target]

    def gradient(self, words, target):
        x = words.clone().requires_grad_()
        return torch.autograd.grad(self.f(x, target).sum(), x)[0]

    def baseline_ids(self, ids, by):
        return [i if i in self.special else by for i in ids]


def write(out, name, items):
    (out / name).write_text(json.dumps({"versions": VERSIONS, "items": items}, separators=(",", ":")) + "\n")
    print(name, len(items))


def floats(t):
    return [float(f"{v:.12g}") for v in t]


def attention(m, texts, out):
    """Attention flow by networkx, value norms by the formula of Kobayashi et al. 2020, eq. 4."""
    items = []
    for text, ids, target in texts:
        if len(ids) > 14:
            continue
        with torch.no_grad():
            o = m.bert(input_ids=torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
        T, L = len(ids), len(o.attentions)
        step = []
        for a in o.attentions:
            s = a[0].mean(0) + torch.eye(T, dtype=torch.float64)
            step.append(s / s.sum(-1, keepdim=True))
        g = networkx.DiGraph()
        for l in range(L):  # node (l, i) reads from (l - 1, j)
            for i in range(T):
                for j in range(T):
                    g.add_edge((l + 1, i), (l, j), capacity=float(step[l][i, j]))
        flow = [networkx.maximum_flow_value(g, (L, 0), (0, j)) for j in range(T)]
        norms = {}
        for layer in range(L):
            att = m.bert.bert.encoder.layer[layer].attention
            x = o.hidden_states[layer][0]
            H = m.bert.config.num_attention_heads
            v = att.self.value(x).detach().view(T, H, -1)
            W = att.output.dense.weight.detach()
            d = v.shape[-1]
            for head in [None, 1]:
                total = torch.zeros(T, x.shape[-1], dtype=torch.float64)
                for h in range(H):
                    if head is None or h == head:
                        total += o.attentions[layer][0, h, 0, :, None] * (v[:, h] @ W[:, h * d:(h + 1) * d].T)
                norms[f"{layer}.{'mean' if head is None else head}"] = floats(total.norm(dim=-1))
        items.append({"text": text, "ids": ids, "target": target, "flow": floats(flow), "value_norm": norms, "layer0_head1": floats(o.attentions[0][0, 1, 0])})
    write(out, "tiny-attention.json", items)


SECTIONS = {"attention": attention}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--shared", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    p.add_argument("sections", nargs="*", default=list(SECTIONS))
    a = p.parse_args()
    m = Model(a.shared / "golden/models/tiny-bert/fp32")
    golden = json.loads((a.shared / "golden/attributions-tiny.json").read_text())
    texts = [(i["text"], i["ids"], i["explanations"][0]["target"]) for i in golden["items"]]
    for s in a.sections:
        SECTIONS[s](m, texts, a.out)


if __name__ == "__main__":
    main()
