// The columns of a finished run as one blob (report/run_curves.hpp): read in milliseconds where the rows of steps take seconds.
#include <cstring>

#include "store/connection.hpp"

namespace telltale {

void Store::set_curves(std::int64_t run, std::int64_t step, const std::vector<unsigned char>& data) {
  impl_->guard([&] {
    Write write(*impl_);
    Query(*impl_, "INSERT OR REPLACE INTO curves(run, step, data) VALUES(?, ?, ?)").bind(run, step, data).run();
    write.commit();
  });
}

std::vector<unsigned char> Store::curves(std::int64_t run, std::int64_t step) {
  return impl_->guard([&] {
    std::vector<unsigned char> data;
    Query q(*impl_, "SELECT data FROM curves WHERE run = ? AND step = ?");
    q.bind(run, step);
    if (!q.step()) return data;
    const auto c = q.column(0);
    data.resize(static_cast<std::size_t>(c.getBytes()));
    if (!data.empty()) std::memcpy(data.data(), c.getBlob(), data.size());
    return data;
  });
}

}  // namespace telltale
