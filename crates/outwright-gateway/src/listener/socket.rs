//! A Unix socket for callers: a file that only its owner can open, and that is gone when the gateway is.

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};

use super::BACKLOG;

/// Only the owner opens it.
const MODE: u32 = 0o600;

/// The file of a bound socket; dropping it removes the file, unless another gateway has put its own there.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    /// As long as it is open, no other file has this number.
    _listener: UnixListener,
}

impl SocketFile {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = |meta: &fs::Metadata| (meta.dev(), meta.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(|meta| ours(&meta)) {
            // It fails only when somebody else removed it meanwhile.
            let _removed = fs::remove_file(&self.path);
        }
    }
}

/// Makes a socket at this path; what a process that ended left there is replaced.
///
/// # Errors
///
/// Somebody listens there, something else than a socket is there, or the folder does not let us.
pub(crate) fn bind(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
    // Between the look at what is there and the new socket nobody else may do the same.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new(".")))?;
    folder.try_lock().map_err(|cause| match cause {
        TryLockError::WouldBlock => {
            io::Error::new(ErrorKind::AddrInUse, "somebody else makes a socket there just now")
        }
        TryLockError::Error(cause) => cause,
    })?;
    make_room(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Before it listens, so that nobody connects under the mode that the umask gave it.
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    let meta = fs::symlink_metadata(path)?;
    let (device, inode) = (meta.dev(), meta.ino());
    let listener = UnixListener::from(socket);
    let _listener = listener.try_clone()?;
    Ok((listener, SocketFile { path: path.to_owned(), device, inode, _listener }))
}

/// Removes a socket that nobody listens on any more.
fn make_room(path: &Path) -> io::Result<()> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(cause),
    };
    if !there.file_type().is_socket() {
        return Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "something else than a socket is there",
        ));
    }
    // Without waiting: one who listens and takes nobody would hold up the start for ever.
    let asks = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    asks.set_nonblocking(true)?;
    match asks.connect(&SockAddr::unix(path)?) {
        Ok(()) => Err(io::Error::new(ErrorKind::AddrInUse, "somebody listens there")),
        Err(cause) if cause.kind() == ErrorKind::WouldBlock => {
            Err(io::Error::new(ErrorKind::AddrInUse, "somebody listens there, and takes nobody"))
        }
        Err(cause) if cause.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(cause) => Err(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::bind;
    use socket2::{Domain, SockAddr, Socket, Type};
    use std::io::ErrorKind;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;
    use std::time::Duration;

    ///
    #[test]
    fn only_the_owner_opens_a_socket_and_it_is_gone_with_its_gateway() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (listener, file) = bind(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(bind(&path).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(file.path(), path);
        drop((listener, file));
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_replaced_and_what_is_no_socket_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        drop(UnixListener::bind(&path).unwrap());
        let (_older, file) = bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let (_newer, newer) = bind(&path).unwrap();
        drop(file);
        assert!(path.exists(), "the older one does not remove the newer one's file");
        drop(newer);
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(bind(&path).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    }
    /// One who listens and takes nobody would hold up the start for ever, if it were waited for.
    #[test]
    fn a_socket_whose_listener_takes_nobody_is_somebody_elses_and_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let busy = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        let address = SockAddr::unix(&path).unwrap();
        busy.bind(&address).unwrap();
        busy.listen(0).unwrap();
        let mut waiting = Vec::new();
        loop {
            let asks = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
            asks.set_nonblocking(true).unwrap();
            let full =
                asks.connect(&address).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            waiting.push(asks);
            if full {
                break;
            }
        }
        let (told, hears) = std::sync::mpsc::channel();
        let there = path.clone();
        std::thread::spawn(move || told.send(bind(&there).map(drop)));
        let answer = hears.recv_timeout(Duration::from_secs(30)).expect("it is told at once");
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::AddrInUse);
        assert!(path.exists(), "the socket is not ours to remove");
    }
}
