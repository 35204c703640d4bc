#include "widgets/session/session.hpp"

#include <unistd.h>

#include "widgets/session/compute.hpp"
#include "widgets/session/training_runner.hpp"
#include "widgets/session/work_runner.hpp"

namespace telltale::ui {
namespace {

namespace fs = std::filesystem;
constexpr int window_busy_ms = 250;  // the window never waits long for another thread's write

/// The log lies beside the file: both have to be writable.
bool only_readable(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return false;
  const fs::path folder = fs::absolute(file).parent_path();
  return ::access(file.c_str(), W_OK) != 0 || ::access(folder.c_str(), W_OK) != 0;
}

}  // namespace

struct Session::Impl {
  Impl(Session& session, const fs::path& file, Open how)
      : read_only(how == Open::existing && only_readable(file)),
        store(Store::open(file, how == Open::create ? Store::Mode::create : read_only ? Store::Mode::read : Store::Mode::write)),
        training(compute, store->file(), read_only, [&session] { Q_EMIT session.runs_changed(); }),
        work(compute, store->file(), read_only) {
    store->set_busy_timeout(window_busy_ms);
    store->mark_interrupted_runs();
  }

  ComputeChoice compute;
  bool read_only;
  std::unique_ptr<Store> store;
  TrainingRunner training;
  WorkRunner work;
};

Session::Session(const fs::path& file, Open how, QObject* parent) : QObject(parent), impl_(std::make_unique<Impl>(*this, file, how)) {}
Session::~Session() = default;

void Session::end() {
  connect(&impl_->work, &WorkRunner::ended, this, &Session::ended);
  impl_->work.end();
}

void Session::read_again() {
  impl_->store->mark_interrupted_runs();
  Q_EMIT runs_changed();
  Q_EMIT data_changed();
  Q_EMIT comparisons_changed();
}

bool Session::has_ended() const { return impl_->work.has_ended(); }


Store& Session::store() { return *impl_->store; }
bool Session::read_only() const { return impl_->read_only; }
TrainingQueue& Session::training() { return impl_->training; }
WorkQueue& Session::work() { return impl_->work; }

}  // namespace telltale::ui
