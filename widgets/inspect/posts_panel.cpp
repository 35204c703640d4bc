#include "widgets/inspect/posts_panel.hpp"

#include <QComboBox>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <algorithm>
#include <chrono>
#include <cmath>

#include "report/comparison_view.hpp"
#include "report/html.hpp"
#include "report/numbers.hpp"
#include "store/marks.hpp"
#include "widgets/inspect/explainer.hpp"
#include "widgets/inspect/range_slider.hpp"
#include "widgets/inspect/segmented.hpp"

namespace telltale::ui {
namespace {

constexpr std::size_t predicted_unasked = 3000;  // more are a matter of minutes: a person says when
constexpr double chunk_seconds = 0.7;

/// The word being typed is a beginning; one letter would find nearly everything.
std::string expression(const QString& typed) {
  QString s = typed;
  if (!s.isEmpty() && !s.back().isSpace() && s.back() != QLatin1Char('*') && s.size() - s.lastIndexOf(QLatin1Char(' ')) > 2) s += QLatin1Char('*');
  return s.trimmed().toStdString();
}

}  // namespace

PostsPanel::PostsPanel(Theme& theme, QWidget* parent) : Panel(theme, tr("Posts"), parent), theme_(theme) {
  build();
  search_timer_.setSingleShot(true);
  search_timer_.setInterval(60);  // one query for a burst of keys
  connect(&search_timer_, &QTimer::timeout, this, &PostsPanel::search);
  arrange_timer_.setSingleShot(true);
  arrange_timer_.setInterval(1000);  // predictions that trickle in do not shuffle the list under the mouse
  connect(&arrange_timer_, &QTimer::timeout, this, &PostsPanel::arrange);
  set_run(0);
}

void PostsPanel::build() {
  auto* filters = new QVBoxLayout;
  filters->setContentsMargins(8, 8, 8, 8);
  filters->setSpacing(6);
  search_ = new QLineEdit(this);
  search_->setPlaceholderText(tr("Find words"));
  search_->setAccessibleName(tr("Find posts by words"));
  search_->setToolTip(tr("Posts that hold all these words; case and accents do not matter, the last word may be a beginning"));
  search_->setClearButtonEnabled(true);
  filters->addWidget(search_);
  const auto combo = [&](const QString& name, const QString& tip) {
    auto* c = new QComboBox(this);
    c->setAccessibleName(name);
    c->setToolTip(tip);
    c->setFont(theme_.font("caption", Theme::Weight::medium));
    c->setMinimumContentsLength(3);
    c->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    return c;
  };
  auto* row = new QHBoxLayout;
  row->setSpacing(5);
  class_ = combo(tr("Class of the posts"), tr("Gold class"));
  split_ = combo(tr("Split of the posts"), tr("Split: train, test, …"));
  verdict_ = new Segmented(theme_, tr("Prediction"), {{tr("All"), tr("All posts")}, {tr("Right"), tr("Posts the run predicts as they are labelled")}, {tr("Wrong"), tr("Posts the run takes for another class")}}, this);
  row->addWidget(class_, 1);
  row->addWidget(split_, 1);
  filters->addLayout(row);
  marks_ = combo(tr("Marks of the posts"), tr("Words marked as telling or shared: here, or by those who made the data set"));
  for (const auto& [name, value] : {std::pair{tr("Any marks"), Marks::all}, {tr("Marked"), Marks::marked}, {tr("Not marked"), Marks::unmarked}, {tr("Imported marks"), Marks::imported}}) marks_->addItem(name, static_cast<int>(value));
  auto* third = new QHBoxLayout;
  third->setSpacing(5);
  third->addWidget(verdict_);
  third->addWidget(marks_, 1);
  filters->addLayout(third);
  auto* sure = new QHBoxLayout;
  sure->setSpacing(6);
  auto* name = confidence_name_ = new QLabel(tr("Confidence"), this);
  name->setObjectName(QStringLiteral("quiet"));
  name->setFont(theme_.font("caption"));
  confidence_ = new RangeSlider(theme_, this);
  confidence_->setAccessibleName(tr("Range of confidence"));
  confidence_->setToolTip(tr("Confidence: probability of the predicted class, max p(c|x)"));
  range_ = new QLabel(this);
  range_->setObjectName(QStringLiteral("quiet"));
  range_->setFont(theme_.font("caption"));
  range_->setMinimumWidth(QFontMetrics(range_->font()).horizontalAdvance(QStringLiteral("0.00 to 1.00")) + 2);
  range_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  sure->addWidget(name);
  sure->addWidget(confidence_, 1);
  sure->addWidget(range_);
  filters->addLayout(sure);
  body()->addLayout(filters);
  add_hairline();
  auto* head = new QHBoxLayout;
  head->setContentsMargins(12, 2, 6, 2);
  head->setSpacing(4);
  count_ = new QLabel(this);
  count_->setObjectName(QStringLiteral("caption"));
  count_->setFont(theme_.font("caption"));
  count_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  sort_ = combo(tr("Order of the posts"), tr("Confidence: probability of the predicted class. Error: 1 − p(gold class)"));
  for (const auto& [text, value] : {std::pair{tr("Confidence"), PostSort::confidence}, {tr("Error"), PostSort::error}, {tr("Length"), PostSort::length}, {tr("Number"), PostSort::id}}) sort_->addItem(text, static_cast<int>(value));
  sort_->setMinimumWidth(112);
  direction_ = new QToolButton(this);
  direction_->setFixedSize(22, 22);
  head->addWidget(count_, 1);
  head->addWidget(sort_);
  head->addWidget(direction_);
  body()->addLayout(head);
  add_hairline();
  state_row_ = new QWidget(this);
  auto* state = new QHBoxLayout(state_row_);
  state->setContentsMargins(12, 3, 6, 3);
  state_ = new QLabel(state_row_);
  state_->setObjectName(QStringLiteral("quiet"));
  state_->setFont(theme_.font("caption"));
  state_->setWordWrap(true);
  state_button_ = new QPushButton(state_row_);
  state_button_->setFont(theme_.font("caption"));
  state->addWidget(state_, 1);
  state->addWidget(state_button_);
  body()->addWidget(state_row_);
  stack_ = new QStackedWidget(this);
  list_ = new PostList(theme_, stack_);
  empty_ = new QWidget(stack_);
  auto* inside = new QVBoxLayout(empty_);
  note_ = new EmptyNote(theme_, QString(), empty_);
  empty_button_ = new QPushButton(tr("Clear the filters"), empty_);
  inside->addStretch(1);
  inside->addWidget(note_);
  inside->addWidget(empty_button_, 0, Qt::AlignHCenter);
  inside->addStretch(2);
  stack_->addWidget(list_);
  stack_->addWidget(empty_);
  body()->addWidget(stack_, 1);

  connect(search_, &QLineEdit::textChanged, this, [this] { search_timer_.start(); });
  connect(search_, &QLineEdit::returnPressed, list_, [this] {
    if (list_->count() > 0 && !list_->currentIndex().isValid()) list_->step(0);
    list_->setFocus();
  });
  for (QComboBox* c : {class_, split_, sort_, marks_}) connect(c, &QComboBox::activated, this, [this] { read_filters(), arrange(); });
  connect(verdict_, &Segmented::chosen, this, [this] { read_filters(), arrange(); });
  connect(confidence_, &RangeSlider::changed, this, [this] { read_filters(), arrange(); });
  connect(direction_, &QToolButton::clicked, this, [this] { filter_.descending = !filter_.descending, read_filters(), arrange(); });
  connect(empty_button_, &QPushButton::clicked, this, &PostsPanel::clear_filters);
  connect(list_, &PostList::chosen, this, [this](qint64 id) {
    wanted_ = id;
    Q_EMIT chosen(id);
    Q_EMIT listed();
  });
  connect(state_button_, &QPushButton::clicked, this, [this] {
    if (predicting_) return stop_predicting(), held_ = true, show_state();
    held_ = false;
    predict_error_.clear();
    predicting_ = true;
    predict_more();
  });
  read_filters();
}

void PostsPanel::clear_filters() {
  search_->clear();
  class_->setCurrentIndex(0);
  split_->setCurrentIndex(0);
  verdict_->set_current(0);
  marks_->setCurrentIndex(0);
  confidence_->set_range(0, 1);
  searched_.clear();
  found_.reset();
  search_timer_.stop();
  read_filters();
  arrange();
}

void PostsPanel::read_filters() {
  filter_.label = class_->currentData().isValid() ? class_->currentData().toInt() : -1;
  filter_.split = split_->currentData().isValid() ? split_->currentData().toInt() : -1;
  filter_.verdict = static_cast<Verdict>(verdict_->current());
  filter_.marks = static_cast<Marks>(std::max(0, marks_->currentData().toInt()));
  filter_.least = confidence_->least();
  filter_.most = confidence_->most();
  filter_.sort = static_cast<PostSort>(sort_->currentData().toInt());
  range_->setText(tr("%1 to %2").arg(text(fixed(filter_.least, 2)), text(fixed(filter_.most, 2))));
  direction_->setText(filter_.descending ? QStringLiteral("↓") : QStringLiteral("↑"));
  const QString said = filter_.descending ? tr("Largest first; click for the smallest") : tr("Smallest first; click for the largest");
  direction_->setToolTip(said);
  direction_->setAccessibleName(said);
}

void PostsPanel::set_session(Session* session) {
  if (session_) {
    stop_predicting();
    for (WorkQueue::JobId* job : {&load_job_, &search_job_})
      if (*job) session_->work().cancel(*job), *job = 0;
  }
  list_->posts().set_source(nullptr, nullptr, {});
  index_ = {};
  run_ = {};
  dataset_ = {};
  session_ = session;
  set_run(0);
}

bool PostsPanel::set_run(std::int64_t run) {
  if (session_ && run == run_.id && run != 0) {
    const RunRecord now = session_->store().run(run);
    if (now.fingerprint == run_.fingerprint && now.folder == run_.folder) return false;
  }
  stop_predicting();
  held_ = false;
  predict_error_.clear();
  if (!session_ || run == 0) {
    list_->posts().set_source(nullptr, nullptr, {});
    index_ = {};
    run_ = {};
    arrange();
    return true;
  }
  const std::int64_t before = dataset_.id;
  run_ = session_->store().run(run);
  if (run_.dataset != before && run_.dataset != 0) {
    dataset_ = session_->store().dataset(run_.dataset);
    class_->clear();
    class_->addItem(tr("Any class"), -1);
    const auto names = short_names(dataset_.classes);
    for (std::size_t i = 0; i < names.size(); ++i) class_->addItem(text(clean_utf8(names[i])), static_cast<int>(i));
    split_->clear();
    split_->addItem(tr("Any split"), -1);
    read_filters();
  }
  load();
  return true;
}

/// As predictions are kept by it; for a device that is gone what is stored by default.
std::string PostsPanel::precision_now() const {
  try {
    return name_of(prediction_precision(session_->training().compute()));
  } catch (const std::invalid_argument&) {
    return name_of(Precision::fp32);
  }
}

void PostsPanel::load() {
  if (!session_ || run_.dataset == 0) return;
  if (load_job_) session_->work().cancel(load_job_);
  struct Loaded {
    PostIndex index;
  };
  precision_ = precision_now();
  load_job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Reading posts"), [this, run = run_, precision = precision_](WorkQueue::Context& c) {
    auto loaded = std::make_shared<Loaded>();
    loaded->index = PostIndex(c.store.post_table(run.dataset));
    if (c.stop.stop_requested()) throw Cancelled{};
    loaded->index.set_explained(c.store.explained_documents(run.id));
    loaded->index.set_marked(marked_documents(c.store, run.dataset));
    loaded->index.set_imported(imported_documents(c.store, run.dataset));
    if (!run.fingerprint.empty()) loaded->index.set_predictions(c.store.predictions(run.fingerprint, max_length_of(run), precision, run.dataset));
    if (run.folder.empty() && loaded->index.known == 0) {  // no weights to ask: what the explanations say
      std::vector<PostPrediction> said;
      for (const auto& s : c.store.explanation_summaries(run.id)) {
        PostPrediction p{s.document, {}};
        const Json& logits = get(s.prediction, "logits");
        if (logits.is_array())
          for (const auto& z : logits) p.logits.push_back(static_cast<float>(number_of(z)));
        said.push_back(std::move(p));
      }
      loaded->index.set_predictions(said);
    }
    return [this, loaded, id = run.id] {
      if (run_.id != id) return;
      load_job_ = 0;
      // The model looks into the index: it lets go before the index changes.
      list_->posts().set_source(nullptr, nullptr, {});
      index_ = std::move(loaded->index);
      std::vector<QString> names;
      for (const auto& n : short_names(dataset_.classes)) names.push_back(text(clean_utf8(n)));
      list_->posts().set_source(&session_->store(), &index_, std::move(names));
      if (split_->count() != static_cast<int>(index_.table.splits.size()) + 1) {
        split_->clear();
        split_->addItem(tr("Any split"), -1);
        for (std::size_t i = 0; i < index_.table.splits.size(); ++i) split_->addItem(text(clean_utf8(index_.table.splits[i])), static_cast<int>(i));
        read_filters();
      }
      arrange();
      if (!search_->text().trimmed().isEmpty()) search();
      const std::size_t open = missing().size();
      predicting_ = !run_.folder.empty() && !run_.fingerprint.empty() && open > 0 && (predicting_ || open <= predicted_unasked) && !session_->read_only();
      if (predicting_) predict_more();
      show_state();
    };
  }, [this](const QString& message) {
    load_job_ = 0;
    note_->setText(message);
    stack_->setCurrentWidget(empty_);
    empty_button_->hide();
    Q_EMIT failed(message);
  });
}

void PostsPanel::search() {
  if (!session_ || run_.dataset == 0) return;
  const std::string wanted = expression(search_->text());
  if (search_job_) session_->work().cancel(search_job_), search_job_ = 0;
  if (wanted.empty()) {
    searched_.clear();
    found_.reset();
    return arrange();
  }
  search_job_ = session_->work().submit(this, WorkQueue::Priority::visible, tr("Searching posts"), [this, wanted, dataset = run_.dataset](WorkQueue::Context& c) {
    Store::DocumentFilter filter;
    filter.dataset = dataset;
    filter.search = wanted;
    auto ids = std::make_shared<std::vector<std::int64_t>>(c.store.document_ids(filter));
    return [this, ids, wanted] {
      search_job_ = 0;
      searched_ = wanted;
      found_ = std::move(*ids);
      arrange();
    };
  }, [this](const QString& message) { search_job_ = 0, Q_EMIT failed(message); });
}

void PostsPanel::arrange() {
  arrange_timer_.stop();
  list_->posts().set_order(arranged(index_, filter_, found_ ? &*found_ : nullptr), searched_);
  list_->choose(wanted_);
  const int shown = list_->count(), all = index_.rows();
  count_->setText(all == 0 ? QString() : tr("%1 of %2 posts").arg(text(thousands(shown)), text(thousands(all))));
  set_caption(dataset_.id ? text(clean_utf8(dataset_.name)) : QString());
  const bool filtered = all > 0;
  note_->setText(!session_ ? tr("No file is open.") : load_job_ ? tr("Reading posts …") : all == 0 ? tr("The posts of a run's data set stand here.") : tr("No posts match."));
  empty_button_->setVisible(filtered);
  stack_->setCurrentWidget(shown > 0 ? static_cast<QWidget*>(list_) : empty_);
  show_state();
  Q_EMIT listed();
}

void PostsPanel::choose(qint64 document) {
  wanted_ = document;
  list_->choose(document);
  if (list_->currentIndex().isValid()) list_->scrollTo(list_->currentIndex());
  Q_EMIT listed();
}

void PostsPanel::keyPressEvent(QKeyEvent* e) {
  if (e->key() != Qt::Key_Down || !search_->hasFocus() || list_->count() == 0) return Panel::keyPressEvent(e);
  list_->setFocus(Qt::TabFocusReason);
  if (!list_->currentIndex().isValid()) list_->step(0);
}

void PostsPanel::explanation_added(qint64 document) {
  index_.set_explained({document});
}

void PostsPanel::marks_changed(qint64 document, bool marked) {
  index_.set_marked({document}, marked);
  if (filter_.marks == Marks::marked && marked && list_->posts().place_of(document) < 0) arrange();  // one whose last mark went stays until the list is made anew
}

void PostsPanel::set_blind(bool blind) {
  list_->posts().set_blind(blind);
  for (QWidget* w : std::initializer_list<QWidget*>{verdict_, confidence_, range_, confidence_name_}) w->setVisible(!blind);
}

double PostsPanel::confidence_of(qint64 document) const {
  const int row = index_.find(document);
  return row < 0 ? std::nan("") : static_cast<double>(index_.confidence[static_cast<std::size_t>(row)]);
}

std::vector<std::int64_t> PostsPanel::missing() const {
  std::vector<std::int64_t> first, rest;
  for (int row = 0; row < index_.rows(); ++row) {
    const auto i = static_cast<std::size_t>(row);
    if (index_.predicted[i] >= 0) continue;
    // Test posts are what people look at.
    (index_.table.splits[static_cast<std::size_t>(index_.table.rows[i].split)] == "test" ? first : rest).push_back(index_.table.rows[i].id);
  }
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

void PostsPanel::show_state() {
  const std::size_t open = index_.rows() > 0 ? static_cast<std::size_t>(index_.rows() - index_.known) : 0;
  const bool can = session_ && !run_.folder.empty() && !run_.fingerprint.empty() && !session_->read_only();
  state_row_->setVisible(open > 0 && (can || !predict_error_.isEmpty()));
  if (!predict_error_.isEmpty()) {
    state_->setText(predict_error_);
    state_button_->setText(tr("Try again"));
  } else if (predicting_) {
    const QString left = posts_per_second_ > 0 ? tr(" · %1 left").arg(text(duration(static_cast<double>(open) / posts_per_second_))) : QString();
    state_->setText(tr("Predicting: %1 of %2%3").arg(text(thousands(index_.known)), text(thousands(index_.rows())), left));
    state_button_->setText(tr("Stop"));
  } else {
    const QString cost = posts_per_second_ > 0 ? tr(", about %1").arg(text(duration(static_cast<double>(open) / posts_per_second_))) : QString();
    state_->setText(tr("%1 posts are not predicted yet%2").arg(text(thousands(static_cast<std::int64_t>(open))), cost));
    state_button_->setText(tr("Predict"));
  }
  state_button_->setAccessibleName(state_button_->text() + QStringLiteral(": ") + state_->text());
  state_button_->setToolTip(tr("What the run says of every post is kept in the file"));
}

void PostsPanel::predict_more() {
  if (!session_ || !predicting_ || predict_job_) return;
  if (precision_now() != precision_) return load();  // another was chosen since the list was read: its answers are others
  std::vector<std::int64_t> wanted = missing();
  if (wanted.empty()) {
    predicting_ = false;
    return show_state();
  }
  wanted.resize(std::min(wanted.size(), static_cast<std::size_t>(std::clamp(posts_per_second_ * chunk_seconds, 16.0, 2000.0))));
  predict_job_ = session_->work().submit(this, WorkQueue::Priority::background, tr("Predicting posts of %1").arg(text(clean_utf8(run_.name))), [this, wanted, run = run_](WorkQueue::Context& c) {
    const auto model = c.models.of_run(c.store, run.id);
    if (model->fingerprint() != run.fingerprint) throw std::runtime_error("the weights in the run's folder are not those it was trained to; train it again");
    const auto begin = std::chrono::steady_clock::now();
    std::vector<Encoding> texts;
    for (const std::int64_t id : wanted) texts.push_back(model->tokenizer().encode(c.store.document(id).text, model->max_length(max_length_of(run))));
    const auto answers = model->predict(texts, c.stop);
    auto found = std::make_shared<std::vector<PostPrediction>>();
    for (std::size_t i = 0; i < wanted.size(); ++i) found->push_back({wanted[i], {answers[i].logits.begin(), answers[i].logits.end()}});
    c.store.add_predictions(run.fingerprint, max_length_of(run), name_of(model->prediction_precision()), *found);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return [this, found, seconds, id = run.id] {
      predict_job_ = 0;
      if (run_.id != id) return;
      posts_per_second_ = static_cast<double>(found->size()) / std::max(1e-3, seconds);
      index_.set_predictions(*found);
      list_->posts().refresh();
      if (!arrange_timer_.isActive()) arrange_timer_.start();
      predict_more();
      show_state();
    };
  }, [this](const QString& message) {
    predict_job_ = 0;
    predicting_ = false;
    predict_error_ = tr("Predictions: %1").arg(message);
    show_state();
  });
}

void PostsPanel::stop_predicting() {
  if (session_ && predict_job_) session_->work().cancel(predict_job_);
  predict_job_ = 0;
  predicting_ = false;
  arrange_timer_.stop();
}

}  // namespace telltale::ui
