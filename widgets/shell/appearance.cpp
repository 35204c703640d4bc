#include "widgets/shell/appearance.hpp"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QPalette>

namespace telltale::ui {
namespace {

const QString service = QStringLiteral("org.freedesktop.portal.Desktop"), path = QStringLiteral("/org/freedesktop/portal/desktop"), interface = QStringLiteral("org.freedesktop.portal.Settings");
const QString space_wanted = QStringLiteral("org.freedesktop.appearance"), key_wanted = QStringLiteral("color-scheme");

}  // namespace

Appearance::Appearance(QObject* parent) : QObject(parent), mode_(QApplication::palette().color(QPalette::Window).lightness() < 128 ? Theme::Mode::dark : Theme::Mode::light) {
  // Without a bus QtDBus would try to start one.
  if (!qEnvironmentVariableIsEmpty("DBUS_SESSION_BUS_ADDRESS") && QGuiApplication::platformName() != QLatin1String("offscreen")) ask_portal();
}

void Appearance::ask_portal() {
  QDBusConnection bus = QDBusConnection::sessionBus();
  if (!bus.isConnected()) return;
  bus.connect(service, path, interface, QStringLiteral("SettingChanged"), this, SLOT(portal_changed(QString, QString, QDBusVariant)));
  QDBusMessage question = QDBusMessage::createMethodCall(service, path, interface, QStringLiteral("Read"));
  question << space_wanted << key_wanted;
  auto* answer = new QDBusPendingCallWatcher(bus.asyncCall(question), this);
  connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer] {
    answer->deleteLater();
    const QDBusPendingReply<QDBusVariant> reply = *answer;
    if (reply.isError()) return;
    QVariant value = reply.value().variant();
    if (value.canConvert<QDBusVariant>()) value = value.value<QDBusVariant>().variant();  // this call wraps it twice
    take(value.toUInt());
  });
}

void Appearance::portal_changed(const QString& space, const QString& key, const QDBusVariant& value) {
  if (space == space_wanted && key == key_wanted) take(value.variant().toUInt());
}

/// 0: no preference, 1: dark, 2: light.
void Appearance::take(uint scheme) {
  if (scheme == 0) return;
  const auto mode = scheme == 1 ? Theme::Mode::dark : Theme::Mode::light;
  if (mode == mode_) return;
  mode_ = mode;
  Q_EMIT changed();
}

}  // namespace telltale::ui
