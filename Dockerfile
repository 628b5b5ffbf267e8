# Stackroom without torch, for any user, on a root file system that is only read. docs/installing.md says how to run it.
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/stackroom
WORKDIR /checkout
COPY . .
# Modules are compiled here, since nobody can write their compiled form later.
RUN /tools/bin/pip --python /opt/stackroom/bin/python install --no-cache-dir --disable-pip-version-check \
        -c constraints.txt .

FROM debian:trixie-slim
# Of scanned pages, as Debian names them: `--build-arg OCR_LANGUAGES="eng deu chi-sim"`.
ARG OCR_LANGUAGES=eng
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 tini tesseract-ocr \
        $(for language in $OCR_LANGUAGES; do echo "tesseract-ocr-$language"; done) \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
    && useradd --uid 10001 --home-dir /data --shell /usr/sbin/nologin stackroom \
    && install -d -o stackroom -g stackroom -m 700 /data \
    && install -d /library
COPY --from=build /opt/stackroom /opt/stackroom
ENV PATH=/opt/stackroom/bin:$PATH PYTHONDONTWRITEBYTECODE=1 \
    STACKROOM_DATA=/data STACKROOM_MODELS_FOLDER=/data/models STACKROOM_HOST=0.0.0.0
USER stackroom
WORKDIR /data
VOLUME ["/data", "/library"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "stackroom"]
CMD ["up", "/library"]
