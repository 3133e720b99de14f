//! Dictionary files in XML (Wireshark's format and go-diameter's) read into checked dictionary values.
