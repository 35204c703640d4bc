// What lists need of explanations: no scores, of the post its start.
#include "store/connection.hpp"

namespace telltale {

std::vector<ExplanationSummary> Store::explanation_summaries(std::int64_t run, const std::string& method, bool gold_only) {
  return impl_->guard([&] {
    Query q(*impl_,
            "SELECT e.id, e.document, e.method, e.target, e.foil, e.prediction, d.external_id, d.split, c.label, substr(t.text, 1, 600) FROM explanations e "
            "JOIN documents d ON d.id = e.document JOIN classes c ON c.id = d.class JOIN texts t ON t.document = d.id "
            "WHERE (e.run = ? OR e.fingerprint = (SELECT nullif(fingerprint, '') FROM runs WHERE id = ?)) AND (? = '' OR e.method = ?) AND (? = 0 OR e.target = c.label) ORDER BY e.document, e.id");
    q.bind(run, run, method, method, std::int64_t{gold_only});
    std::vector<ExplanationSummary> all;
    while (q.step()) {
      ExplanationSummary s;
      s.id = q.integer(0);
      s.document = q.integer(1);
      s.method = q.text(2);
      s.target = static_cast<int>(q.integer(3));
      s.foil = static_cast<int>(q.integer(4));
      s.prediction = impl_->json(q.column(5), "explanations", std::to_string(s.id), "prediction");
      s.external_id = q.text(6);
      s.split = q.text(7);
      s.label = static_cast<int>(q.integer(8));
      s.start = q.text(9);
      all.push_back(std::move(s));
    }
    return all;
  });
}

}  // namespace telltale
