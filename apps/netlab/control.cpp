#include "apps/netlab/control.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "apps/netlab/channel.hpp"
#include "apps/netlab/journal.hpp"
#include "apps/netlab/roster.hpp"
#include "apps/netlab/statistics.hpp"
#include "core/error.hpp"

namespace pliant::netlab {
namespace {

using Json = nlohmann::ordered_json;

struct Reply {
  Json json = Json::object();
  std::vector<int> descriptors;
};

class Server {
 public:
  explicit Server(Control control)
      : control_(std::move(control)),
        roster_(control_.network.hosts(), control_.ranks_per_host),
        user_(open_file("/proc/self/ns/user", O_RDONLY)),
        processes_(open_file("/proc/self/ns/pid", O_RDONLY)) {}

  [[noreturn]] void run() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    const Descriptor ending(signalfd(-1, &signals, SFD_CLOEXEC));
    std::array<pollfd, 3> events = {pollfd{control_.socket.get(), POLLIN, 0}, pollfd{ending.get(), POLLIN, 0},
                                    pollfd{control_.life.get(), POLLIN, 0}};
    while (true) {
      if (poll(events.data(), events.size(), -1) < 0) continue;
      if (events[1].revents != 0 || events[2].revents != 0) end();
      if (events[0].revents != 0) answer_one();
    }
  }

 private:
  struct Question {
    std::string_view name;
    Reply (Server::*reply)(const Json& question);
  };
  static const std::array<Question, 9> kQuestions;

  [[noreturn]] void end() {
    control_.folder.remove();
    _exit(0);
  }

  void answer_one() {
    const Descriptor connection(accept4(control_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.is_open()) return;
    const auto question = receive_question(connection);
    if (!question) return;
    ucred peer{};
    socklen_t length = sizeof peer;
    getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length);
    asking_ = peer.pid;
    Reply reply;
    try {
      reply = (this->*find(*question))(*question);
    } catch (const Error& error) {
      reply = {{{"error", error.what()}}, {}};
      if (error.error_class() == ErrorClass::argument) reply.json["argument"] = true;
    } catch (const std::exception& error) {
      reply = {{{"error", error.what()}}, {}};
    }
    send_answer(connection, reply.json, reply.descriptors);
    if (ending_) end();
  }

  static Reply (Server::*find(const Json& question))(const Json&) {
    const std::string name = question.value("do", "");
    const auto known = std::ranges::find(kQuestions, name, &Question::name);
    if (known == kQuestions.end())
      throw Error(ErrorClass::argument, quoted("question", name), "the lab knows no such question",
                  "Use the pliant_netlab that started it");
    return known->reply;
  }

  Reply describe(const Json&) {
    return {{{"hosts", hosts()}, {"ranks_per_host", control_.ranks_per_host}}, {}};
  }

  Reply set(const Json& question) {
    const std::vector<int> targets = parse_target(question.at("target").get<std::string>(), hosts());
    std::vector<Assignment> assignments;
    for (const auto& text : question.at("settings"))
      assignments.push_back(parse_assignment(text.get<std::string>()));
    control_.network.change(targets, assignments);
    return {};
  }

  Reply start(const Json&) {
    control_.network.follow(control_.schedule);
    return {};
  }

  Reply stats(const Json&) { return {json_of(control_.network.counts()), {}}; }

  Reply log(const Json&) {
    Json entries = Json::array();
    for (const JournalEntry& entry : control_.network.journal()) entries.push_back(json_of(entry));
    return {{{"entries", entries}}, {}};
  }

  Reply enter(const Json& question) {
    const std::vector<int> host = parse_target(question.at("host").get<std::string>(), hosts());
    if (host.size() != 1)
      throw Error(ErrorClass::argument, quoted("host", question["host"].get<std::string>()),
                  "a command runs on one host", "Name one");
    const Namespaces& own = control_.network.hosts()[static_cast<std::size_t>(host.front())].namespaces();
    return {
        Json::object(),
        {user_.get(), processes_.get(), own.network.get(), own.uts.get(), own.ipc.get(), own.mount.get()}};
  }

  Reply arrive(const Json&) {
    roster_.add(asking_);
    return {};
  }

  Reply ranks(const Json&) { return {{{"ranks", roster_.ranks()}}, {}}; }

  Reply down(const Json&) {
    ending_ = true;
    return {};
  }

  int hosts() const { return static_cast<int>(control_.network.hosts().size()); }

  Control control_;
  Roster roster_;
  pid_t asking_ = 0;  ///< the process whose question is being answered
  Descriptor user_;
  Descriptor processes_;
  bool ending_ = false;
};

const std::array<Server::Question, 9> Server::kQuestions = {{{"describe", &Server::describe},
                                                             {"set", &Server::set},
                                                             {"start", &Server::start},
                                                             {"stats", &Server::stats},
                                                             {"log", &Server::log},
                                                             {"enter", &Server::enter},
                                                             {"arrive", &Server::arrive},
                                                             {"ranks", &Server::ranks},
                                                             {"down", &Server::down}}};

}  // namespace

void serve_control(Control control) {
  std::thread([server = std::make_shared<Server>(std::move(control))] { server->run(); }).detach();
}

}  // namespace pliant::netlab
