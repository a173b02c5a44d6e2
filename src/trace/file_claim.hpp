// Names of files, taken from nobody: two jobs that write to one path get a file each.
//
// Whoever writes a file holds a shared flock on it, so that readers, who take a shared one too, can open it.
// Whoever wants to replace a file takes the exclusive lock first, which a writer or a reader forbids. The
// system drops the locks of a process that was killed.
#pragma once

#include <string>
#include <system_error>

namespace pliant {

/// Where a path leads when its last part is a symbolic link, also one to a file that does not exist yet.
std::string follow_links(std::string path);

/// "a/trace.h5" and 2 -> "a/trace-2.h5"; 0 -> the path itself.
std::string numbered_path(const std::string& path, int number);

/// A path in the same folder that no other process uses.
std::string unwanted_path(const std::string& path);

/// Takes the name `from` away, and gives the file the name `to` if no file has that: file_exists otherwise,
/// or another error where the file system cannot do so.
std::error_code move_to_free_name(const std::string& from, const std::string& to);

/// Lock a new file for its writer, and close it in programs that the process starts. False if another process
/// has replaced the file, or is about to: then it has no name, or soon none.
bool hold_new_file(int descriptor, const std::string& path);

/// Keeps a lock on a file of ours, whoever closes it elsewhere in the process: nobody takes its name.
class HeldFile {
 public:
  explicit HeldFile(const std::string& path);
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  ~HeldFile();

  /// Make its bytes permanent.
  std::error_code sync_to_disk() const;
  /// Take its name away, if that is its own still.
  void remove() const;

 private:
  std::string path_;
  int descriptor_;
};

/// A file that stands where a new one is wanted, locked exclusively where that is possible.
class OldFile {
 public:
  enum class State {
    gone,        ///< there is none any more
    refused,     ///< it cannot be written, or is no regular file: error() says why
    in_use,      ///< somebody else holds a lock on it
    locked,      ///< nobody else has it open
    unlockable,  ///< its file system has no locks: nobody knows who has it open
  };

  explicit OldFile(const std::string& path);
  OldFile(const OldFile&) = delete;
  OldFile& operator=(const OldFile&) = delete;
  ~OldFile();

  State state() const { return state_; }
  std::error_code error() const { return error_; }
  /// Let readers open it, this process among them, while nobody else can replace it. False: in use by now.
  bool share();
  /// Take its name away. False if it is in use by now, or the name belongs to another file.
  bool remove();

 private:
  bool lock(int operation);

  std::string path_;
  int descriptor_ = -1;
  State state_ = State::gone;
  std::error_code error_;
};

}  // namespace pliant
