// What models say of stored posts.
#include <fmt/format.h>

#include <cstring>

#include "store/connection.hpp"

namespace telltale {

void Store::add_predictions(const std::string& fingerprint, int max_length, const std::string& precision, const std::vector<PostPrediction>& all) {
  impl_->guard([&] {
    Write write(*impl_);
    for (const PostPrediction& p : all) {
      std::vector<unsigned char> blob(p.logits.size() * sizeof(float));
      if (!blob.empty()) std::memcpy(blob.data(), p.logits.data(), blob.size());
      Query(*impl_, "INSERT OR REPLACE INTO predictions(fingerprint, max_length, precision, document, logits) VALUES(?, ?, ?, ?, ?)")
          .bind(fingerprint, max_length, precision, p.document, blob)
          .run();
    }
    write.commit();
  });
}

std::vector<PostPrediction> Store::predictions(const std::string& fingerprint, int max_length, const std::string& precision, std::int64_t dataset) {
  return impl_->guard([&] {
    Query q(*impl_,
            "SELECT p.document, p.logits FROM predictions p JOIN documents d ON d.id = p.document "
            "WHERE p.fingerprint = ? AND p.max_length = ? AND p.precision = ? AND d.dataset = ? ORDER BY p.document");
    q.bind(fingerprint, max_length, precision, dataset);
    std::vector<PostPrediction> all;
    while (q.step()) {
      PostPrediction p{q.integer(0), {}};
      const auto c = q.column(1);
      const auto size = static_cast<std::size_t>(c.getBytes());
      if (size % sizeof(float) != 0) impl_->bad_value("predictions", std::to_string(p.document), "logits", fmt::format("{} bytes, expected a multiple of {}", size, sizeof(float)));
      p.logits.resize(size / sizeof(float));
      if (size) std::memcpy(p.logits.data(), c.getBlob(), size);
      all.push_back(std::move(p));
    }
    return all;
  });
}

std::vector<std::int64_t> Store::explained_documents(std::int64_t run, std::int64_t limit) {
  return impl_->guard([&] {
    // Each half is answered by one index alone.
    Query q(*impl_,
            "SELECT document FROM explanations WHERE run = ? AND document IS NOT NULL UNION "
            "SELECT ifnull(document, 0) FROM explanations WHERE fingerprint = (SELECT nullif(fingerprint, '') FROM runs WHERE id = ?) AND ifnull(document, 0) > 0 ORDER BY 1 LIMIT ?");
    q.bind(run, run, limit);
    std::vector<std::int64_t> ids;
    while (q.step()) ids.push_back(q.integer(0));
    return ids;
  });
}

}  // namespace telltale
