// Claims file names without replacing a file in use: two jobs that write to one path get separate files.
//
// The writer of a file holds a shared flock on it. Readers take a shared lock, too, so they can open the
// file. A process that wants to replace a file needs the exclusive lock first, which a writer or a reader
// prevents. The system drops the locks of a killed process.
#pragma once

#include <string>
#include <system_error>

namespace pliant {

/// Resolves `path` if its last part is a symbolic link, even one to a file that does not exist yet.
std::string follow_links(std::string path);

/// "a/trace.h5" and 2 -> "a/trace-2.h5"; 0 -> the path itself.
std::string numbered_path(const std::string& path, int number);

/// Returns a path in the same folder that no other process uses.
std::string unwanted_path(const std::string& path);

/// Removes the name `from`, and gives the file the name `to` if that is free. Returns file_exists if it is
/// not, or the file system's error.
std::error_code move_to_free_name(const std::string& from, const std::string& to);

/// Lock a new file for its writer, and close it in programs that the process starts. Returns false if another
/// process has replaced the file, or is about to. The file then has no name, or will soon have none.
bool hold_new_file(int descriptor, const std::string& path);

/// Holds a lock on one of our files, even if other code in the process closes the file. So no process takes
/// its name.
class HeldFile {
 public:
  explicit HeldFile(const std::string& path);
  HeldFile(const HeldFile&) = delete;
  HeldFile& operator=(const HeldFile&) = delete;
  ~HeldFile();

  /// Write the file's bytes to disk.
  std::error_code sync_to_disk() const;
  /// Remove the file's name, if it still belongs to this file.
  void remove() const;

 private:
  std::string path_;
  int descriptor_;
};

/// An existing file at the path of a new one, locked exclusively if possible.
class OldFile {
 public:
  enum class State {
    gone,        ///< the file no longer exists
    refused,     ///< cannot be written, or is no regular file: error() says why
    in_use,      ///< another process or reader holds a lock on it
    locked,      ///< nobody else has it open
    unlockable,  ///< its file system has no locks, so it may be open elsewhere
  };

  explicit OldFile(const std::string& path);
  OldFile(const OldFile&) = delete;
  OldFile& operator=(const OldFile&) = delete;
  ~OldFile();

  State state() const { return state_; }
  std::error_code error() const { return error_; }
  /// Let readers, including this process, open the file, while nobody else can replace it. Returns false if
  /// it is in use by now.
  bool share();
  /// Remove the file's name. Returns false if the file is in use by now, or the name belongs to another file.
  bool remove();

 private:
  bool lock(int operation);

  std::string path_;
  int descriptor_ = -1;
  State state_ = State::gone;
  std::error_code error_;
};

}  // namespace pliant
