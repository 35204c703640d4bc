// Exports: TensorBoard bytes, CSV, weights.
#include <QtTest>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include "base/files.hpp"
#include "report/event_file.hpp"
#include "report/run_export.hpp"

using namespace telltale;
namespace fs = std::filesystem;

namespace {

std::string bytes(std::initializer_list<int> list) {
  std::string out;
  for (const int b : list) out += static_cast<char>(b);
  return out;
}

template <class T>
T read(const std::string& s, std::size_t& at) {
  T value;
  std::memcpy(&value, s.data() + at, sizeof value);
  at += sizeof value;
  return value;
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

}  // namespace

class TestExport : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void crc_is_castagnolis() {
    // RFC 3720, B.4: 32 bytes of zeros → 0x8a9136aa; of ones → 0x62a8ab43; "123456789" → 0xe3069283. Masked as TFRecord does.
    const auto masked = [](std::uint32_t c) { return ((c >> 15) | (c << 17)) + 0xa282ead8u; };
    QCOMPARE(masked_crc32c(std::string(32, '\0')), masked(0x8a9136aa));
    QCOMPARE(masked_crc32c(std::string(32, '\xff')), masked(0x62a8ab43));
    QCOMPARE(masked_crc32c("123456789"), masked(0xe3069283));
  }

  void event_file_bytes() {
    EventFile file(1.0);
    // Event{wall_time: 1.0, file_version: "brain.Event:2"}: 24 bytes.
    const std::string version = bytes({0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x1a, 0x0d}) + "brain.Event:2";
    std::size_t at = 0;
    QCOMPARE(read<std::uint64_t>(file.bytes(), at), std::uint64_t{24});
    QCOMPARE(read<std::uint32_t>(file.bytes(), at), masked_crc32c(file.bytes().substr(0, 8)));
    QCOMPARE(file.bytes().substr(at, 24), version);
    at += 24;
    QCOMPARE(read<std::uint32_t>(file.bytes(), at), masked_crc32c(version));
    QCOMPARE(at, file.bytes().size());

    file.add_scalars(2.0, 300, {{"a", 0.5}});
    // wall_time 2.0, step varint 300, summary{value{tag "a", simple_value 0.5}}
    const std::string event = bytes({0x09, 0, 0, 0, 0, 0, 0, 0, 0x40, 0x10, 0xac, 0x02, 0x2a, 0x0a, 0x0a, 0x08, 0x0a, 0x01, 'a', 0x15, 0, 0, 0, 0x3f});
    QCOMPARE(read<std::uint64_t>(file.bytes(), at), std::uint64_t{event.size()});
    at += 4;
    QCOMPARE(file.bytes().substr(at, event.size()), event);
  }

  void times() {
    QCOMPARE(unix_time("1970-01-02T00:00:00Z"), 86400.0);
    QCOMPARE(unix_time("2024-05-09T14:02:00Z"), 1715263320.0);
    QCOMPARE(unix_time("2024-05-09 14:02:00"), 1715263320.0);
    QCOMPARE(unix_time("yesterday"), 0.0);
    QCOMPARE(unix_time(""), 0.0);
  }

  void csv() {
    StepRecord a, b;
    a.step = 1, a.epoch = 0.25, a.seconds = 1.5, a.gradient_norm = 2, a.learning_rate = 5e-5, a.tokens_per_second = 900, a.memory_mib = 512, a.documents = {7, 9};
    a.terms = {{"total", 1.25}, {"class", 1.0}, {"od,d\"", 0.5}}, a.shares = {{"class", 1.0}};
    b.step = 2, b.terms = {{"class", NAN}, {"total", "x"}}, b.shares = nullptr, b.gradient_norm = NAN;
    const std::string out = steps_csv({a, b});
    QCOMPARE(out, std::string("step,epoch,seconds,term.class,term.total,\"term.od,d\"\"\",gradient_norm,share.class,learning_rate,tokens_per_second,memory_mib,documents\n"
                              "1,0.25,1.5,1,1.25,0.5,2,1,5e-05,900,512,7 9\n"
                              "2,0,0,,,,,,0,0,0,\n"));
    QCOMPARE(validations_csv({{20, "test", {{"ece", 0.1}, {"accuracy", 0.5}, {"confusion", Json::array()}}}}), std::string("step,split,accuracy,ece\n20,test,0.5,0.1\n"));
    QCOMPARE(validations_csv({}), std::string("step,split\n"));
  }

  void tensorboard_holds_every_step() {
    RunRecord run;
    run.started = "2024-05-09T14:02:00Z";
    std::vector<StepRecord> steps;
    for (int i = 1; i <= 5; ++i) {
      StepRecord s;
      s.step = i, s.seconds = i, s.terms = {{"class", 1.0 / i}, {"total", i == 3 ? NAN : 1.0}};
      steps.push_back(s);
    }
    const std::string out = tensorboard_events(run, steps, {{4, "test", {{"accuracy", 0.9}}}});
    std::size_t at = 0, records = 0;
    while (at < out.size()) {
      const std::size_t start = at;
      const auto length = read<std::uint64_t>(out, at);
      QCOMPARE(read<std::uint32_t>(out, at), masked_crc32c(out.substr(start, 8)));
      QVERIFY(at + length + 4 <= out.size());
      const std::string event = out.substr(at, length);
      at += length;
      QCOMPARE(read<std::uint32_t>(out, at), masked_crc32c(event));
      ++records;
    }
    QCOMPARE(records, std::size_t{1 + 5 + 1});
    QVERIFY(out.find("terms/class") != out.npos && out.find("validation/test/accuracy") != out.npos);
  }

  void weights_are_copied_whole_or_not_at_all() {
    QTemporaryDir dir;
    const fs::path root = dir.path().toStdString();
    auto store = Store::open(root / "a.telltale", Store::Mode::create);
    RunRecord run;
    run.id = 3, run.folder = "run-3/best", run.status = RunStatus::finished;
    fs::create_directories(store->folder() / "run-3/best");
    write_file_atomically(store->folder() / "run-3/best/config.json", "{}");
    write_file_atomically(store->folder() / "run-3/best/model.safetensors", std::string(100000, 'x'));
    fs::create_symlink("/etc/passwd", store->folder() / "run-3/best/link");
    QVERIFY(error_of([&] { export_weights(*store, run, root / "out" / "model"); }).find("no vocab.txt or tokenizer.json") != std::string::npos);
    QVERIFY(!fs::exists(root / "out/model"));
    write_file_atomically(store->folder() / "run-3/best/vocab.txt", "[PAD]\n");
    fs::create_directories(root / "out/model.part");
    write_file_atomically(root / "out/model.part/mine", "x");
    const auto files = export_weights(*store, run, root / "out" / "model");
    QCOMPARE(read_file(root / "out/model.part/mine"), std::string("x"));  // whatever a person called so stays
    QCOMPARE(std::distance(fs::directory_iterator(root / "out"), fs::directory_iterator{}), 2);
    QCOMPARE(files.size(), std::size_t{3});
    QCOMPARE(read_file(root / "out/model/model.safetensors"), std::string(100000, 'x'));
    QVERIFY(!fs::exists(root / "out/model/link"));
    QVERIFY(error_of([&] { export_weights(*store, run, root / "out" / "model"); }).find("is there already") != std::string::npos);
    fs::create_directory(root / "empty");
    QCOMPARE(export_weights(*store, run, root / "empty").size(), std::size_t{3});
    fs::create_directories(root / "secret");
    write_file_atomically(root / "secret/key", "k");
    for (const char* bad : {"../secret", "/etc", "run-3/../../secret", ".", "run-3/.."}) {
      run.folder = bad;
      QVERIFY2(!error_of([&] { export_weights(*store, run, root / "stolen"); }).empty(), bad);
      QVERIFY(!fs::exists(root / "stolen"));
    }
    run.folder.clear(), run.status = RunStatus::running;
    QVERIFY(error_of([&] { export_weights(*store, run, root / "stolen"); }).find("running") != std::string::npos);
  }
};

QTEST_GUILESS_MAIN(TestExport)
#include "test_export.moc"
