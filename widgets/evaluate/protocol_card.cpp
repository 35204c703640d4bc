#include "widgets/evaluate/protocol_card.hpp"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>
#include <algorithm>

#include "report/numbers.hpp"
#include "store/marks.hpp"
#include "widgets/shell/words.hpp"
#include "widgets/unit_edit.hpp"

namespace telltale::ui {
namespace {

void choose(QComboBox* box, const QVariant& data) {
  if (const int i = box->findData(data); i >= 0) box->setCurrentIndex(i);
}

}  // namespace

ProtocolCard::ProtocolCard(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(10, 6, 10, 8);
  column->setSpacing(6);
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(10);
  form->setVerticalSpacing(3);
  form->setLabelAlignment(Qt::AlignLeft);
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  const auto add = [&](const QString& name, QWidget* field, const QString& tip) {
    auto* label = new QLabel(name, this);
    label->setObjectName(QStringLiteral("quiet"));
    label->setFont(theme.font("table"));
    label->setBuddy(field);
    label->setMinimumWidth(66);
    field->setAccessibleName(name);
    field->setToolTip(tip);
    field->setFont(theme.font("table"));
    field->setMinimumWidth(60);
    form->addRow(label, field);
  };
  const auto box = [&](const QString& name, const QString& tip,
                       const std::vector<std::pair<QString, QVariant>>& choices) {
    auto* b = new QComboBox(this);
    b->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    for (const auto& [shown, data] : choices) b->addItem(shown, data);
    add(name, b, tip);
    connect(b, &QComboBox::activated, this, &ProtocolCard::read);
    return b;
  };
  stored_ = new QComboBox(this);
  stored_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  add(tr("Stored"), stored_, tr("Protocols that the file holds figures of. Editing a field below makes another one."));
  connect(stored_, &QComboBox::activated, this, [this] {
    if (const int number = stored_->currentData().toInt()) Q_EMIT stored_chosen(number);
  });
  output_ = box(tr("Output"),
                tr("What is explained and dropped from: the class's probability, logit, log-odds against the rest, or "
                   "its difference to a foil"),
                {{tr("probability p"), QStringLiteral("probability")},
                 {tr("logit z"), QStringLiteral("logit")},
                 {tr("log-odds"), QStringLiteral("log-odds")},
                 {tr("difference to a foil"), QStringLiteral("difference")}});
  foil_ = box(tr("Foil"), tr("The class that a difference is taken to; posts explained for it are left out"), {});
  class_ = box(tr("Class"),
               tr("Explained for the class that the model predicts, or for the one the post has. Metrics of class "
                  "pairs always take the latter."),
               {{tr("predicted"), false}, {tr("gold"), true}});
  split_ = box(tr("Split"), tr("Posts of this split are judged"), {});
  removal_ = box(tr("Removal"),
                 tr("How words are taken out: deleted, replaced by [PAD] (attended or masked out), by [MASK], or by "
                    "the baseline's embedding. Occlusion explains by the same rule."),
                 {{tr("delete"), QStringLiteral("delete")},
                  {tr("[PAD]"), QStringLiteral("pad")},
                  {tr("[PAD], masked out"), QStringLiteral("pad-masked")},
                  {tr("[MASK]"), QStringLiteral("mask")},
                  {tr("baseline"), QStringLiteral("baseline")}});
  baseline_ = box(tr("Baseline"), tr("Where paths begin, and what a removal by baseline puts in"),
                  {{tr("[PAD]"), QStringLiteral("pad")},
                   {tr("[MASK]"), QStringLiteral("mask")},
                   {tr("[UNK]"), QStringLiteral("unk")},
                   {tr("zero"), QStringLiteral("zero")}});
  path_ = box(tr("Path"), tr("What path methods move: the word embedding, or the whole embedding"),
              {{tr("word"), QStringLiteral("word")}, {tr("embeddings"), QStringLiteral("embeddings")}});
  k_ = new UnitEdit(theme, this);
  add(tr("k"), k_,
      tr("The words that count as the explanation: a share (20%) or a count (10); shares are rounded up, at least one "
         "word"));
  unit_ = box(tr("Unit"), tr("Whole words, or word pieces"),
              {{tr("word"), QStringLiteral("word")}, {tr("piece"), QStringLiteral("piece")}});
  sign_ = box(tr("Sign"), tr("Words in the order of their score, or of its size"),
              {{tr("signed"), false}, {tr("absolute"), true}});
  marks_ = box(tr("Marks"), tr("Whose marked words the plausibility metrics take: those that came with the posts, anyone's, those of more than half of the annotators of a post, or one person's"), {});
  const auto spin = [&](const QString& name, const QString& tip, int most) {
    auto* s = new QSpinBox(this);
    s->setRange(0, most);
    s->setGroupSeparatorShown(false);
    s->setButtonSymbols(QAbstractSpinBox::NoButtons);
    s->setKeyboardTracking(false);
    s->setObjectName(QStringLiteral("field"));  // as high and as framed as the boxes above it
    add(name, s, tip);
    connect(s, &QSpinBox::valueChanged, this, &ProtocolCard::read);
    return s;
  };
  seed_ = spin(tr("Seed"), tr("Draws the sample of posts, the control, random subsets and resamples"), 2'000'000'000);
  length_ = spin(tr("Length"), tr("Ids of a post that the model reads; 0: as each run was trained"), 512);
  length_->setSpecialValueText(tr("as trained"));
  column->addLayout(form);
  fixed_ = new QLabel(this);
  fixed_->setObjectName(QStringLiteral("quiet"));
  note_ = new QLabel(this);
  for (auto* l : {fixed_, note_}) {
    l->setFont(theme.font("caption"));
    l->setTextFormat(Qt::PlainText);
    l->setWordWrap(true);
    l->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    column->addWidget(l);
  }
  note_->setFont(theme.font("caption", Theme::Weight::medium));
  const auto paint_note = [this] {
    QPalette p = note_->palette();
    p.setColor(QPalette::WindowText, theme_["warn"]);
    note_->setPalette(p);
  };
  paint_note();
  connect(&theme, &Theme::changed, this, paint_note);
  connect(k_, &QLineEdit::editingFinished, this, &ProtocolCard::read);
  connect(k_, &QLineEdit::textEdited, this, [this](const QString& typed) {
    bool good = true;
    try {
      parse_top_k(typed.simplified().remove(QLatin1Char(' ')).toStdString());
    } catch (const std::invalid_argument&) {
      good = false;
    }
    static_cast<UnitEdit*>(k_)->set_wrong(!good);
  });
  set_options({});
}

bool ProtocolCard::wrong() const { return static_cast<UnitEdit*>(k_)->wrong(); }

void ProtocolCard::set_options(const EvaluationOptions& o) {
  options_ = o;
  quiet_ = true;
  if (split_->findData(text(o.split)) < 0) split_->addItem(text(o.split), text(o.split));
  choose(split_, text(o.split));
  choose(class_, o.gold);
  choose(output_, QString::fromLatin1(name_of(o.explain.output)));
  if (foil_->count() == 0) foil_->addItem(tr("highest other class"), QString());
  if (foil_->findData(text(o.foil)) < 0) foil_->addItem(one_line(o.foil), text(o.foil));
  choose(foil_, text(o.foil));
  choose(removal_, QString::fromLatin1(name_of(o.judge.removal)));
  choose(baseline_, QString::fromLatin1(name_of(o.explain.baseline)));
  choose(path_, QString::fromLatin1(name_of(o.explain.path)));
  choose(unit_, QString::fromLatin1(name_of(o.unit)));
  choose(sign_, o.judge.absolute);
  if (marks_->count() == 0)
    for (const auto& [name, id] : {std::pair{tr("imported"), imported_marks}, {tr("anyone's"), any_marks}, {tr("of the majority"), majority_marks}}) marks_->addItem(name, QString::fromLatin1(id));
  if (marks_->findData(text(o.annotator)) < 0) marks_->addItem(one_line(o.annotator), text(o.annotator));
  choose(marks_, text(o.annotator));
  k_->setText(text(to_string(o.judge.k)));
  static_cast<UnitEdit*>(k_)->set_wrong(false);
  seed_->setValue(static_cast<int>(std::min<std::uint64_t>(o.judge.seed, 2'000'000'000)));
  length_->setValue(o.max_length);
  foil_->setEnabled(o.explain.output == Output::difference);
  fixed_->setText(tr("Path methods: %1. 95 % BCa intervals of %2 resamples, %3")
                      .arg(o.explain.steps > 0 ? tr("%1 nodes").arg(text(thousands(o.explain.steps)))
                                               : tr("nodes by tolerance %1").arg(o.explain.tolerance),
                           text(thousands(o.resamples)), QString::fromLatin1(name_of(o.compute.precision))));
  quiet_ = false;
}

void ProtocolCard::set_data(const EvaluateData& data) {
  const QSignalBlocker a(stored_), b(split_), c(foil_), d(marks_);
  for (const auto& name : data.annotators)
    if (marks_->findData(text(name)) < 0) marks_->addItem(one_line(name), text(name));
  stored_->clear();
  if (data.current == 0)
    stored_->addItem(data.protocols.empty() ? tr("nothing stored yet") : tr("none: new protocol"), 0);
  for (const auto& p : data.protocols) {
    const QString limit = setting_text(p.settings, "limit");
    stored_->addItem(p.settings.value("limit", 0) == 0 ? tr("Protocol %1 · all posts").arg(p.number) : tr("Protocol %1 · ≤ %2 posts").arg(p.number).arg(limit), p.number);
    stored_->setItemData(stored_->count() - 1, tr("last begun %1").arg(text(p.created)), Qt::ToolTipRole);
  }
  choose(stored_, data.current);
  stored_->setEnabled(stored_->count() > 1 || data.current == 0);
  split_->clear();
  for (const auto& s : data.splits) split_->addItem(one_line(s), text(s));
  if (split_->findData(text(options_.split)) < 0) split_->addItem(one_line(options_.split), text(options_.split));
  choose(split_, text(options_.split));
  foil_->clear();
  foil_->addItem(tr("highest other class"), QString());
  for (const auto& k : data.classes) foil_->addItem(one_line(k), text(k));
  choose(foil_, text(options_.foil));
  QStringList differing;
  for (const auto& key : data.differing) {
    QStringList values;
    for (const auto& r : data.runs) values << setting_text(r.reading.settings, key);
    differing << tr("%1 (%2)").arg(setting_name(key), values.join(QStringLiteral(", ")));
  }
  note_->setText(differing.isEmpty() ? QString()
                                     : tr("The runs differ in %1: their figures are not of one protocol.")
                                           .arg(differing.join(QStringLiteral(", "))));
  note_->setVisible(!differing.isEmpty());
}

void ProtocolCard::read() {
  if (quiet_) return;
  EvaluationOptions& o = options_;
  o.split = split_->currentData().toString().toStdString();
  o.gold = class_->currentData().toBool();
  o.explain.output = o.judge.output = parse_output(output_->currentData().toString().toStdString());
  foil_->setEnabled(o.explain.output == Output::difference);
  o.foil = o.explain.output == Output::difference ? foil_->currentData().toString().toStdString() : std::string();
  o.judge.removal = parse_removal(removal_->currentData().toString().toStdString());
  o.explain.baseline = parse_baseline(baseline_->currentData().toString().toStdString());
  o.explain.path = parse_path(path_->currentData().toString().toStdString());
  o.unit = parse_unit(unit_->currentData().toString().toStdString());
  o.judge.absolute = sign_->currentData().toBool();
  o.annotator = marks_->currentData().toString().toStdString();
  try {
    o.judge.k = parse_top_k(k_->text().simplified().remove(QLatin1Char(' ')).toStdString());
    static_cast<UnitEdit*>(k_)->set_wrong(false);
  } catch (const std::invalid_argument&) {
    static_cast<UnitEdit*>(k_)->set_wrong(true);
  }
  o.judge.seed = o.explain.seed = static_cast<std::uint64_t>(seed_->value());
  o.max_length = length_->value() > 0 && length_->value() < 3 ? 3 : length_->value();
  Q_EMIT changed();
}

}  // namespace telltale::ui
