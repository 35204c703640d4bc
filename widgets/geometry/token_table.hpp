// The tokens of the post: radius of x' and x'' and the words nearest to them. A click centres on a token.
#pragma once
#include <QAbstractTableModel>
#include <QTableView>
#include <vector>

#include "objective/geometry.hpp"
#include "widgets/theme.hpp"

namespace telltale::ui {

class TokenModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { token, near_radius, near_word, far_radius, far_word, columns };
  explicit TokenModel(Theme& theme, QObject* parent = nullptr) : QAbstractTableModel(parent), theme_(theme) {}
  void set_tokens(std::vector<GeometryToken> tokens, double unit);
  const GeometryToken& token_at(int row) const { return tokens_[static_cast<std::size_t>(row)]; }
  int row_of(int position) const;  ///< −1: not there
  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(tokens_.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : columns; }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;
  QString csv() const;

 private:
  Theme& theme_;
  std::vector<GeometryToken> tokens_;
  double unit_ = 1;
};

class TokenTable : public QTableView {
  Q_OBJECT
 public:
  explicit TokenTable(Theme& theme, QWidget* parent = nullptr);
  void show_tokens(const PerturbationGeometry& geometry);
  const TokenModel& tokens() const { return *model_; }

 Q_SIGNALS:
  void centred(int position);

 protected:
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  TokenModel* model_;
};

}  // namespace telltale::ui
