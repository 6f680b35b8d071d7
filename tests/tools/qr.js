// What `make qr` bundles into themes/gov/static/qr.js: the encoder that page-tools.js fetches when a QR code is wanted.
// options: --bundle --minify --format=esm --target=chrome85,safari13
import qrcode from "qrcode-generator";
/*! qrcode-generator, © 2009 Kazuhiko Arase, MIT licence, https://github.com/kazuhikoarase/qrcode-generator. By `make qr`. */
export { qrcode };
