# One image for every process of the service; the command says which.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home payments
WORKDIR /service
COPY --from=build /venv /venv
COPY payments payments
COPY workflows workflows
COPY activities activities
COPY adapters adapters
COPY starter starter
COPY webhook_bridge webhook_bridge
COPY worker.py settings.py ./
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER payments
CMD ["python", "-m", "worker"]
