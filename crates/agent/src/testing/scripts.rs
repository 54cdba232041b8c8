use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// A web server that hands out one proxy script; it ends when dropped.
pub(crate) struct ScriptServer {
    port: u16,
    served: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ScriptServer {
    pub(crate) fn start(status: &'static str, script: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (served, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end, script) = (served.clone(), ends.clone(), script.to_owned());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let lines = BufReader::new(&stream).lines();
                let asked = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).count();
                count.fetch_add(asked.min(1), Ordering::SeqCst);
                let head = "content-type: application/x-ns-proxy-autoconfig\r\nconnection: close";
                let length = script.len();
                // Whoever asked may have gone away.
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {length}\r\n\r\n{script}"
                );
            }
        });
        Self { port, served, ends, thread: Some(thread) }
    }

    /// A script that answers this.
    pub(crate) fn answering(answer: &str) -> Self {
        let script = format!("function FindProxyForURL(url, host) {{ return \"{answer}\"; }}");
        Self::start("200 OK", &script)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/proxy.pac", self.port)
    }

    /// How often it was asked for.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
