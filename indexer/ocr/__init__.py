"""OCR of scanned pages: they are drawn, read by tesseract, and published when their document is complete.

Its face: `scan_reader.ScanReader`, `scan_publisher.ScanPublisher`, `tesseract.find_tesseract`.
"""

__all__ = ["scan_publisher", "scan_reader", "tesseract"]
