# One image for every process of the service; the command says which.
FROM python:3.13.9-slim-bookworm AS build
COPY requirements.lock .
# A virtual environment without pip: what runs can install nothing.
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes --no-deps -r requirements.lock \
    && pip --python /venv/bin/python check

FROM python:3.13.9-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin payments
WORKDIR /service
COPY --from=build /venv /venv
COPY payments payments
COPY workflows workflows
COPY activities activities
COPY adapters adapters
COPY starter starter
COPY webhook_bridge webhook_bridge
COPY deployment/__init__.py deployment/certificates.py deployment/
COPY worker.py settings.py settings_groups.py ./
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PAYMENTS_WORKER_PORT=8083
USER 10001:10001
# Of the default command; docker-compose.yml has one for each.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as http; http.urlopen('http://127.0.0.1:8083/readyz', timeout=3)"]
CMD ["python", "-m", "worker"]
