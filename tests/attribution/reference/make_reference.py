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


def between(a, b, v):  # dimensions of v that lie between a and b
    return (np.minimum(a, b) <= v) & (v <= np.maximum(a, b))


def monotone(ref, last, v, m):
    ok = between(ref, last, v)
    return np.where(ok, v, last - (last - ref) / m)


def cost(ref, last, v, m, rule):
    return float(np.sqrt(((v - monotone(ref, last, v, m)) ** 2).sum())) if rule == "greedy" else float((~between(ref, last, v)).sum())


def dig_words(table, word, ref, m, k, rule):
    """Sanyal & Ren 2021: the next anchor among the k nearest of the last one."""
    path = [word]
    for _ in range(m):
        last = path[-1]
        if last == ref:
            path.append(ref)
            continue
        distance = np.linalg.norm(table - table[last], axis=1)
        near = [j for j in np.lexsort((np.arange(len(table)), distance)) if j != last][:k]
        left = [j for j in near if j != ref and j not in path]
        path.append(int(min(left, key=lambda j: cost(table[ref], table[last], table[j], m, rule))) if left else ref)
    return path


def udig_words(table, word, ref, m, k):
    """Roy & Kundu 2024: the next anchor among the k nearest of a point on the straight line, monotone with respect to the last anchor."""
    if word == ref:
        return [ref] * (m + 1)
    path, last = [word], word
    for s in range(m, 0, -1):
        point = table[ref] + s / (m + 1) * (table[word] - table[ref])
        distance = np.linalg.norm(table - point, axis=1)
        near = np.lexsort((np.arange(len(table)), distance))[:k]
        left = [j for j in near if j != ref and j not in path]
        path.append(int(min(left, key=lambda j: cost(table[ref], table[last], table[j], m, "greedy"))) if left else ref)
        if left:
            last = path[-1]
    return path


def points_of(table, words, ref, m, finer):
    points = [table[words[0]]]
    for w in words[1:]:
        points.append(monotone(table[ref], points[-1], table[w], m))
    points.append(table[ref])
    points.reverse()
    for _ in range(finer):
        middle = [0.5 * (a + b) for a, b in zip(points, points[1:])]
        points = [p for pair in zip(points, middle + [None]) for p in pair if p is not None]
    return np.stack(points)


def paths(m, texts, out):
    """DIG, UDIG: words visited and scores; SIG with Gauss-Legendre nodes, piece by piece. Baselines [PAD] and [MASK]; 12 steps, 20 (10) neighbours."""
    table = m.table.numpy()
    steps, items = 12, []
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    nodes, weights = (nodes + 1) / 2, weights / 2
    for text, ids, target in texts:
        if len(ids) > 14:
            continue
        item = {"text": text, "ids": ids, "target": target, "steps": steps}
        for name, by in (("pad", m.tokenizer.pad_token_id), ("mask", m.tokenizer.mask_token_id)):
            ref = m.baseline_ids(ids, by)
            for method in ("dig-greedy", "dig-maxcount", "udig"):
                if method == "udig":
                    words = [udig_words(table, w, r, steps, 10) for w, r in zip(ids, ref)]
                else:
                    words = [dig_words(table, w, r, steps, 20, method[4:]) for w, r in zip(ids, ref)]
                p = torch.tensor(np.stack([points_of(table, w, r, steps, 1 if method == "udig" else 0) for w, r in zip(words, ref)], 1))
                g = m.gradient(p, target)
                scores = ((p[1:] - p[:-1]) * g[:-1]).sum((0, -1))
                f = m.f(p, target)
                item[f"{method}.{name}"] = {"words": words, "scores": floats(scores), "value": float(f[-1]), "baseline_value": float(f[0])}
            x, b = torch.tensor(table[ids])[None], torch.tensor(table[ref])[None]
            scores = []
            for t in range(len(ids)):
                p = x.repeat(steps, 1, 1)
                p[:, t] = b[0, t] + torch.tensor(nodes)[:, None] * (x[0, t] - b[0, t])
                scores.append(float((m.gradient(p, target)[:, t] * torch.tensor(weights)[:, None] * (x[0, t] - b[0, t])).sum()))
            item[f"sig.{name}"] = {"scores": floats(scores)}
        items.append(item)
    write(out, "tiny-paths.json", items)


def baselines(m, texts, out):
    """Integrated Gradients, 20 Gauss-Legendre nodes, from further baselines: [UNK], the mean of the table, a text's pieces."""
    from captum.attr import IntegratedGradients
    items = []
    phrase = [i for i in m.tokenizer("the hockey game")["input_ids"] if i not in m.special]
    for text, ids, target in texts:
        if len(ids) > 24:
            continue
        x = m.table[ids][None]
        kept = torch.tensor([i in m.special for i in ids])[None, :, None]
        pieces, n = [], 0
        for i in ids:
            pieces.append(i if i in m.special else phrase[n % len(phrase)])
            n += i not in m.special
        item = {"text": text, "ids": ids, "target": target}
        for name, b in (("unk", m.table[m.baseline_ids(ids, m.tokenizer.unk_token_id)][None]), ("mean", torch.where(kept, x, m.table.mean(0))), ("text", m.table[pieces][None])):
            scores = IntegratedGradients(lambda v: m.f(v, target)).attribute(x, b, n_steps=20, method="gausslegendre").sum(-1)[0]
            item[name] = {"scores": floats(scores), "baseline_value": float(m.f(b, target))}
        items.append(item)
    write(out, "tiny-baselines.json", items)


SECTIONS = {"attention": attention, "paths": paths, "baselines": baselines}


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
