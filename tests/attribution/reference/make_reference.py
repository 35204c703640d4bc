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
        for name, b in (("unk", m.table[m.baseline_ids(ids, m.tokenizer.unk_token_id)][None]), ("mean", torch.where(kept, x, m.table.mean(0))), ("phrase", m.table[pieces][None])):
            scores = IntegratedGradients(lambda v: m.f(v, target)).attribute(x, b, n_steps=20, method="gausslegendre").sum(-1)[0]
            item[name] = {"scores": floats(scores), "baseline_value": float(m.f(b, target))}
        items.append(item)
    write(out, "tiny-baselines.json", items)


class Square(torch.nn.Module):
    def forward(self, x):
        return x * x


class Rsqrt(torch.nn.Module):
    def forward(self, x):
        return torch.rsqrt(x)


class Exp(torch.nn.Module):
    def forward(self, x):
        return torch.exp(x)


class Reciprocal(torch.nn.Module):
    def forward(self, x):
        return 1 / x


class Product(torch.nn.Module):
    """ab = ((a + b)^2 - (a - b)^2) / 4: by the rescale rule the factors get (b + b0) / 2 and (a + a0) / 2."""
    def __init__(self):
        super().__init__()
        self.plus, self.minus = Square(), Square()

    def forward(self, a, b):
        a, b = torch.broadcast_tensors(a, b)
        return 0.25 * (self.plus(a + b) - self.minus(a - b))


class Norm(torch.nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.norm, self.square, self.rsqrt, self.product = [norm], Square(), Rsqrt(), Product()

    def forward(self, x):
        n = self.norm[0]
        c = x - x.mean(-1, keepdim=True)
        return self.product(c, self.rsqrt(self.square(c * 1).mean(-1, keepdim=True) + n.eps)) * n.weight + n.bias


class Taken(torch.nn.Module):
    """BERT taken apart into sums, linear maps and one-dimensional steps, each a module of its own, so that captum's hooks see them.
    The hook is on the tensor that a module is given: one that is used elsewhere too is given as a copy (c * 1)."""
    def __init__(self, bert):
        super().__init__()
        self.b = [bert]
        L = bert.bert.encoder.layer
        self.first = Norm(bert.bert.embeddings.LayerNorm)
        self.norm1 = torch.nn.ModuleList(Norm(l.attention.output.LayerNorm) for l in L)
        self.norm2 = torch.nn.ModuleList(Norm(l.output.LayerNorm) for l in L)
        self.qk, self.pv, self.share = (torch.nn.ModuleList(Product() for _ in L) for _ in range(3))
        self.exp, self.one = torch.nn.ModuleList(Exp() for _ in L), torch.nn.ModuleList(Reciprocal() for _ in L)
        self.gelu, self.tanh = torch.nn.ModuleList(torch.nn.GELU() for _ in L), torch.nn.Tanh()

    def forward(self, words):
        b = self.b[0]
        e = b.bert.embeddings
        N, T, d = words.shape
        H = b.config.num_attention_heads
        h = self.first(words + e.position_embeddings.weight[:T] + e.token_type_embeddings.weight[0])
        for i, l in enumerate(b.bert.encoder.layer):
            q, k, v = (f(h).view(N, T, H, -1).transpose(1, 2) for f in (l.attention.self.query, l.attention.self.key, l.attention.self.value))
            s = self.qk[i](q.unsqueeze(3), k.unsqueeze(2)).sum(-1) / (d / H) ** 0.5
            u = self.exp[i](s)
            p = self.share[i](u, self.one[i](u.sum(-1, keepdim=True)))
            o = self.pv[i](p.unsqueeze(-1), v.unsqueeze(2)).sum(3).transpose(1, 2).reshape(N, T, d)
            a = self.norm1[i](l.attention.output.dense(o) + h)
            h = self.norm2[i](l.output.dense(self.gelu[i](l.intermediate.dense(a))) + a)
        return b.classifier(self.tanh(b.bert.pooler.dense(h[:, 0])))


def deeplift(m, texts, out):
    from captum.attr import DeepLift
    import captum.attr._core.deep_lift as core
    for kind in (Square, Rsqrt, Exp, Reciprocal, torch.nn.GELU):
        core.SUPPORTED_NON_LINEAR[kind] = core.nonlinear
    items = []
    for text, ids, target in texts:
        if len(ids) > 14:
            continue
        x = m.table[ids][None].clone()
        item = {"text": text, "ids": ids, "target": target}
        for name, by in (("pad", m.tokenizer.pad_token_id), ("mask", m.tokenizer.mask_token_id)):
            b = m.table[m.baseline_ids(ids, by)][None].clone()
            net = Taken(m.bert).double()
            assert torch.allclose(net(x), m.logits(x), atol=1e-9)
            scores = DeepLift(net, eps=1e-12).attribute(x, b, target=target).sum(-1)[0].detach()
            change = float((net(x) - net(b))[0, target])
            assert abs(float(scores.sum()) - change) < 1e-6 * max(1, abs(change)), (float(scores.sum()), change)
            item[name] = {"scores": floats(scores), "change": change}
        items.append(item)
    write(out, "tiny-deeplift.json", items)


def relevance(m, texts, out):
    """AttnLRP and LRP with attention detached, relevance carried from step to step, for the logit."""
    b, items = m.bert, []
    H = b.config.num_attention_heads

    def back(R, y, x, W):  # epsilon rule, epsilon 0: y = x W^T + bias
        return x * ((R / y) @ W)

    def norm(n, x):
        c = x - x.mean(-1, keepdim=True)
        r = torch.rsqrt((c * c).mean(-1, keepdim=True) + n.eps)
        return c * r * n.weight + n.bias, r

    def back_norm(R, y, x, n, r):
        g = R / y * r * n.weight
        return x * (g - g.mean(-1, keepdim=True))

    for text, ids, target in texts:
        if len(ids) > 14:
            continue
        item = {"text": text, "ids": ids, "target": target}
        for detached in (False, True):
            with torch.no_grad():
                e, T = b.bert.embeddings, len(ids)
                x0 = m.table[ids] + e.position_embeddings.weight[:T] + e.token_type_embeddings.weight[0]
                h, r0 = norm(e.LayerNorm, x0)
                first, kept = h, []
                for l in b.bert.encoder.layer:
                    s = l.attention.self
                    q, k, v = (f(h).view(T, H, -1).transpose(0, 1) for f in (s.query, s.key, s.value))
                    scale = q.shape[-1] ** -0.5
                    S = q @ k.transpose(1, 2) * scale
                    P = torch.softmax(S, -1)
                    O = (P @ v)
                    o = O.transpose(0, 1).reshape(T, -1)
                    d1 = l.attention.output.dense(o)
                    sum1 = d1 + h
                    a, r1 = norm(l.attention.output.LayerNorm, sum1)
                    up = l.intermediate.dense(a)
                    act = torch.nn.functional.gelu(up)
                    d2 = l.output.dense(act)
                    sum2 = d2 + a
                    y, r2 = norm(l.output.LayerNorm, sum2)
                    kept.append((h, q, k, v, scale, S, P, O, o, d1, sum1, a, r1, up, act, d2, sum2, y, r2))
                    h = y
                pre = b.bert.pooler.dense(h[0])
                t = torch.tanh(pre)
                z = b.classifier(t)
                R = torch.zeros_like(z)
                R[target] = z[target]
                R = back(R, z, t, b.classifier.weight)
                R = back(R, pre, h[0], b.bert.pooler.dense.weight)
                Rh = torch.zeros_like(h)
                Rh[0] = R
                for l, (h, q, k, v, scale, S, P, O, o, d1, sum1, a, r1, up, act, d2, sum2, y, r2) in zip(reversed(b.bert.encoder.layer), reversed(kept)):
                    R = back_norm(Rh, y, sum2, l.output.LayerNorm, r2)
                    Rd, Ra = d2 * R / sum2, a * R / sum2
                    Ra = Ra + back(back(Rd, d2, act, l.output.dense.weight), up, a, l.intermediate.dense.weight)
                    R = back_norm(Ra, a, sum1, l.attention.output.LayerNorm, r1)
                    Rd, Rh = d1 * R / sum1, h * R / sum1
                    RO = back(Rd, d1, o, l.attention.output.dense.weight).view(T, H, -1).transpose(0, 1) / O
                    s = l.attention.self
                    flat = lambda x: x.transpose(0, 1).reshape(T, -1)
                    share = 1.0 if detached else 0.5
                    Rv = share * v * (P.transpose(1, 2) @ RO)
                    Rh = Rh + back(flat(Rv), flat(v), h, s.value.weight)
                    if not detached:
                        RP = 0.5 * P * (RO @ v.transpose(1, 2))
                        RS = S * (RP - P * RP.sum(-1, keepdim=True))
                        Rq = 0.5 * q * ((RS / S) @ k) * scale
                        Rk = 0.5 * k * ((RS / S).transpose(1, 2) @ q) * scale
                        Rh = Rh + back(flat(Rq), flat(q), h, s.query.weight) + back(flat(Rk), flat(k), h, s.key.weight)
                R = back_norm(Rh, first, x0, e.LayerNorm, r0).sum(-1)
            item["detached" if detached else "attnlrp"] = floats(R)
        items.append(item)
    write(out, "tiny-relevance.json", items)


def conductance(m, texts, out):
    """Captum's LayerConductance at the state that enters each layer, with many nodes (it takes differences of the state
    between them), and the same integral with exact derivatives (forward mode) and 200 Gauss-Legendre nodes; also the
    logit lens: pooler and head on the [CLS] row of every hidden state. The last item is of a model of six layers."""
    from captum.attr import LayerConductance
    nodes, weights = np.polynomial.legendre.leggauss(200)
    nodes, weights = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)

    def layers(b, h, first, last):
        for l in b.bert.encoder.layer[first:last]:
            h = l(h, None)
            h = h[0] if isinstance(h, tuple) else h
        return h

    def embedding(b, words):
        T, e = words.shape[1], b.bert.embeddings
        return e.LayerNorm(words + e.position_embeddings.weight[:T] + e.token_type_embeddings.weight[0])

    def one(m, name, text, ids, target, baselines, steps):
        b, item = m.bert, {"model": name, "text": text, "ids": ids, "target": target}
        L = b.config.num_hidden_layers
        with torch.no_grad():
            o = b(input_ids=torch.tensor([ids]), output_hidden_states=True)
            item["lens"] = [floats(b.classifier(b.bert.pooler(h))[0]) for h in o.hidden_states]
            item["logits"] = floats(o.logits[0])
        x = m.table[ids][None]
        for name, by in baselines:
            base = m.table[m.baseline_ids(ids, by)][None]
            for layer in range(L):
                where = b.bert.encoder.layer[layer - 1] if layer else b.bert.embeddings
                c = LayerConductance(lambda v: m.f(v, target), where).attribute(x, base, n_steps=steps, method="riemann_trapezoid", internal_batch_size=500)
                c = (c[0] if isinstance(c, tuple) else c).sum(-1)[0].detach()
                points = base + nodes[:, None, None] * (x - base)
                h, moved = torch.func.jvp(lambda e: layers(b, embedding(b, e), 0, layer), (points,), ((x - base).expand_as(points),))
                h = h.detach().requires_grad_()
                p = torch.softmax(b.classifier(b.bert.pooler(layers(b, h, layer, L))), -1)[:, target]
                exact = (torch.autograd.grad(p.sum(), h)[0] * moved).sum(-1).mul(weights[:, None]).sum(0)
                change = float(m.f(x, target) - m.f(base, target))
                assert abs(float(exact.sum()) - change) < 1e-6, (float(exact.sum()), change)
                item[f"{name}.{layer}"] = {"captum": floats(c), "exact": floats(exact), "change": change}
                print(text, name, layer, float((c - exact).abs().max() / exact.abs().max()), float(exact.sum()) - change)
        return item

    ids_of = lambda m: (("pad", m.tokenizer.pad_token_id), ("mask", m.tokenizer.mask_token_id))
    items = [one(m, "golden/models/tiny-bert/fp32", *t, ids_of(m), 20000) for t in texts if len(t[1]) <= 14]
    deep = Model(SHARED / "data/models/minilm-news6")
    text = "My old graphics card overheats whenever I start the game."
    ids = deep.tokenizer(text)["input_ids"]
    with torch.no_grad():
        target = int(deep.logits(deep.table[ids][None]).argmax())
    items.append(one(deep, "data/models/minilm-news6", text, ids, target, ids_of(deep)[:1], 2000))
    write(out, "conductance.json", items)


SECTIONS = {"conductance": conductance, "attention": attention, "paths": paths, "baselines": baselines, "deeplift": deeplift, "relevance": relevance}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--shared", type=pathlib.Path, required=True)
    p.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    p.add_argument("sections", nargs="*", default=list(SECTIONS))
    a = p.parse_args()
    global SHARED
    SHARED = a.shared
    m = Model(a.shared / "golden/models/tiny-bert/fp32")
    golden = json.loads((a.shared / "golden/attributions-tiny.json").read_text())
    texts = [(i["text"], i["ids"], i["explanations"][0]["target"]) for i in golden["items"]]
    for s in a.sections:
        SECTIONS[s](m, texts, a.out)


if __name__ == "__main__":
    main()
