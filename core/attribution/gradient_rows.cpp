#include "attribution/gradient_rows.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "attribution/output_function.hpp"
#include "model/network.hpp"

namespace telltale {

Ends path_ends(const Classifier::Impl& model, const Encoding& text, Path path, Baseline baseline, at::ScalarType dtype) {
  at::NoGradGuard no_grad;
  const SpecialIds& s = model.tokenizer->specials();
  ModelInput x, b;
  x.ids = b.ids = text.ids;
  if (baseline == Baseline::zero) b.zeroed.assign(text.ids.size(), 0);
  for (std::size_t t = 0; t < text.ids.size(); ++t) {
    if (s.special(text.ids[t])) continue;
    switch (baseline) {
      case Baseline::pad: b.ids[t] = s.pad; break;
      case Baseline::mask: b.ids[t] = s.mask; break;
      case Baseline::unk: b.ids[t] = s.unk; break;
      case Baseline::zero: b.zeroed[t] = 1; break;
      default: throw std::logic_error(std::string("not one id at every position: baseline ") + name_of(baseline));  // drawn or averaged: baselines.cpp
    }
  }
  Ends out{model.words(x).to(dtype), model.words(b).to(dtype)};
  if (path == Path::embeddings) {
    const Network network(model.config, model.parameters->weights);
    out.x = network.embedding_block(out.x.unsqueeze(0)).squeeze(0);
    out.baseline = network.embedding_block(out.baseline.unsqueeze(0)).squeeze(0);
  }
  return out;
}

namespace {

/// Rows [first, last) of `points`, all of at most T ids.
struct Pack {
  std::size_t first = 0, last = 0;
  std::int64_t ids = 0;
  bool masked = false;
};

std::vector<Pack> pack(const Engine& engine, const std::vector<Point>& points, const std::vector<ExplainItem>& items) {
  std::vector<Pack> packs;
  const auto length = [&](std::size_t k) { return static_cast<std::int64_t>(items[points[k].item].encoding.ids.size()); };
  for (std::size_t k = 0; k < points.size();) {
    Pack p{k, k, length(k), false};
    const auto most = static_cast<std::size_t>(engine.texts_per_call(p.ids));
    while (p.last < points.size() && p.last - p.first < most && length(p.last) * 10 >= p.ids * 9) {
      if (length(p.last) < p.ids) {
        // Padding is worth it only for a batch that would be small otherwise.
        if (2 * (p.last - p.first) >= most) break;
        p.masked = true;
      }
      ++p.last;
    }
    packs.push_back(p);
    k = p.last;
  }
  return packs;
}

at::Tensor padded(const at::Tensor& x, std::int64_t ids) {
  return x.size(0) == ids ? x : at::constant_pad_nd(x, {0, 0, 0, ids - x.size(0)});
}

/// 1 where a row of `lengths` has an id, [R,ids].
at::Tensor mask_of(const std::vector<std::int64_t>& lengths, std::int64_t ids, const at::TensorOptions& real) {
  at::Tensor mask = at::ones({static_cast<std::int64_t>(lengths.size()), ids}, at::kFloat);
  for (std::size_t r = 0; r < lengths.size(); ++r)
    if (lengths[r] < ids) mask[static_cast<std::int64_t>(r)].narrow(0, lengths[r], ids - lengths[r]).zero_();
  return mask.to(real);
}

}  // namespace

void gradient_rows(MethodJob& job, const std::vector<Ends>& ends, std::vector<Point> points, const Reduce& reduce, const Consume& consume) {
  at::NoGradGuard no_grad;
  const auto length = [&](const Point& p) { return job.items[p.item].encoding.ids.size(); };
  std::stable_sort(points.begin(), points.end(), [&](const Point& a, const Point& b) { return length(a) > length(b); });
  const auto real = at::TensorOptions().dtype(job.engine.dtype()).device(job.model.device);
  std::size_t done = 0;
  for (const Pack& p : pack(job.engine, points, job.items)) {
    if (job.stop.stop_requested()) throw Cancelled{};
    const auto rows = static_cast<std::int64_t>(p.last - p.first);
    std::vector<at::Tensor> x, b;
    std::vector<std::int64_t> row_of;
    std::vector<double> alphas;
    for (std::size_t k = p.first; k < p.last; ++k) {
      if (k == p.first || points[k].item != points[k - 1].item) {
        x.push_back(padded(ends[points[k].item].x, p.ids));
        b.push_back(padded(ends[points[k].item].baseline, p.ids));
      }
      row_of.push_back(static_cast<std::int64_t>(x.size()) - 1);
      alphas.push_back(points[k].alpha);
    }
    at::Tensor base = at::stack(b), difference = at::stack(x) - base;
    if (x.size() > 1) {
      const at::Tensor index = at::tensor(row_of, at::kLong).to(job.model.device);
      base = base.index_select(0, index);
      difference = difference.index_select(0, index);
    }
    const at::Tensor alpha = at::tensor(alphas, at::kDouble).to(real).view({rows, 1, 1});
    const at::Tensor at_points = at::addcmul(base, alpha, difference).contiguous();
    at::Tensor mask;
    if (p.masked) {
      std::vector<std::int64_t> lengths;
      for (std::size_t k = p.first; k < p.last; ++k) lengths.push_back(static_cast<std::int64_t>(length(points[k])));
      mask = mask_of(lengths, p.ids, real);
    }
    const auto seed = [&](const at::Tensor& logits) {
      const at::Tensor z = logits.to(at::kCPU).to(at::kDouble).contiguous();
      at::Tensor dz = at::empty_like(z);
      const int C = static_cast<int>(z.size(1));
      for (std::int64_t r = 0; r < rows; ++r) {
        const Explanation& e = job.out[points[p.first + static_cast<std::size_t>(r)].item];
        output_gradient(job.options.output, z.data_ptr<double>() + r * C, C, e.target, e.foil, dz.data_ptr<double>() + r * C);
      }
      return dz.to(logits.options());
    };
    const at::Tensor g = job.engine.gradient(at_points, mask, job.options.path, seed, nullptr);
    const at::Tensor scores = reduce(g, at_points, difference).to(at::kCPU).to(at::kDouble).contiguous();
    for (std::int64_t r = 0; r < rows; ++r) consume(points[p.first + static_cast<std::size_t>(r)], scores.data_ptr<double>() + r * p.ids);
    done += p.last - p.first;
    if (job.progress) job.progress({static_cast<double>(done), static_cast<double>(points.size()), "explaining"});
  }
}

std::vector<double> values_at(MethodJob& job, const std::vector<Ends>& ends, const std::vector<Point>& points) {
  at::NoGradGuard no_grad;
  std::vector<double> out(points.size());
  std::vector<std::size_t> order(points.size());
  for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
  const auto length = [&](std::size_t k) { return ends[points[k].item].x.size(0); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(a) > length(b); });
  for (std::size_t k = 0; k < order.size();) {
    if (job.stop.stop_requested()) throw Cancelled{};
    const std::int64_t ids = length(order[k]);
    const auto most = static_cast<std::size_t>(job.engine.texts_per_call(ids));
    std::vector<at::Tensor> rows;
    std::vector<std::int64_t> lengths;
    std::size_t end = k;
    // Two points a text are few: calls for each length alone would spend their time on fetching weights.
    for (; end < order.size() && end - k < most && length(order[end]) * 4 >= ids * 3; ++end) {
      const Point& p = points[order[end]];
      const Ends& e = ends[p.item];
      rows.push_back(padded(p.alpha == 1 ? e.x : p.alpha == 0 ? e.baseline : at::add(e.baseline, e.x - e.baseline, p.alpha), ids));
      lengths.push_back(length(order[end]));
    }
    const at::Tensor mask = lengths.back() < ids ? mask_of(lengths, ids, rows[0].options()) : at::Tensor();
    const at::Tensor z = job.engine.logits(at::stack(rows).contiguous(), mask, job.options.path).to(at::kCPU).to(at::kDouble).contiguous();
    for (std::size_t j = k; j < end; ++j) {
      const Explanation& e = job.out[points[order[j]].item];
      out[order[j]] = output_value(job.options.output, z.data_ptr<double>() + static_cast<std::int64_t>(j - k) * z.size(1), static_cast<int>(z.size(1)), e.target, e.foil);
    }
    k = end;
  }
  return out;
}

}  // namespace telltale
