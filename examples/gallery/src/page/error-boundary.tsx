import { Component, type ReactNode } from 'react'

export interface ErrorBoundaryProps {
  readonly children: ReactNode
  /** shown in place of the children that threw */
  readonly fallback: ReactNode
  /** what the children show: another value, and they are tried again */
  readonly shows: unknown
}

interface State {
  readonly failed: boolean
  readonly shows: unknown
}

/** Keeps an error of one part of the page from blanking all of it. React has this for class components only. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, State> {
  override state: State = { failed: false, shows: this.props.shows }

  static getDerivedStateFromError() {
    return { failed: true }
  }

  static getDerivedStateFromProps({ shows }: ErrorBoundaryProps, state: State) {
    return shows === state.shows ? null : { failed: false, shows }
  }

  override render() {
    return this.state.failed ? this.props.fallback : this.props.children
  }
}
